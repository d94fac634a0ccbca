#include "ui/inspector/heat.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ui {

namespace {

// Anchors at even distances; in between, linear. Lightness rises (dark) or falls (light) all the way.
constexpr int Steps = 2048;
constexpr std::array<QRgb, 9> DarkRamp = {0xff00224e, 0xff123570, 0xff3b496c, 0xff575d6d, 0xff707173,
                                          0xff8a8678, 0xffa59c74, 0xffc3b369, 0xfffde737};
constexpr std::array<QRgb, 10> LightRamp = {0xfff4f6f9, 0xffdee7f3, 0xffc4d7ec, 0xffa3c2e3, 0xff7ca9d6,
                                            0xff568ec5, 0xff3571af, 0xff1f5594, 0xff123b73, 0xff0a234e};
constexpr std::array<QRgb, 7> DarkLift = {0xffb35806, 0xfff1a340, 0xff8a6a45, 0xff3a3d44,
                                          0xff6b6690, 0xff998ec3, 0xffc9b8ff};
constexpr std::array<QRgb, 7> LightLift = {0xffb35806, 0xfff1a340, 0xfffee0b6, 0xfff0f0ee,
                                           0xffd8daeb, 0xff998ec3, 0xff542788};

template <std::size_t N>
QRgb interpolate(const std::array<QRgb, N>& ramp, float place) {
    const float x = std::clamp(place, 0.0f, 1.0f) * static_cast<float>(N - 1);
    const auto low = std::min(static_cast<std::size_t>(x), N - 2);
    const float t = x - static_cast<float>(low);
    const auto mix = [t](int a, int b) {
        return static_cast<int>(std::lround(a + t * static_cast<float>(b - a)));
    };
    return qRgb(mix(qRed(ramp[low]), qRed(ramp[low + 1])), mix(qGreen(ramp[low]), qGreen(ramp[low + 1])),
                mix(qBlue(ramp[low]), qBlue(ramp[low + 1])));
}

/// A ramp in steps finer than eight bits can tell: thousands of cells are coloured for every token.
template <std::size_t N>
std::vector<QRgb> tableOf(const std::array<QRgb, N>& ramp) {
    std::vector<QRgb> table(Steps + 1);
    for (int step = 0; step <= Steps; ++step)
        table[static_cast<std::size_t>(step)] = interpolate(ramp, static_cast<float>(step) / Steps);
    return table;
}

} // namespace

float heatPlace(float weight, HeatScale scale, double uniform) {
    if (std::isnan(weight) || weight < 0)
        return -1;
    if (scale == HeatScale::Linear)
        return std::min(weight, 1.0f);
    if (weight == 0)
        return -1;
    if (scale == HeatScale::Log)
        return std::clamp((std::log10(weight) + 6.0f) / 6.0f, 0.0f, 1.0f);
    if (uniform <= 0)
        return -1;
    return std::clamp((std::log2(weight / static_cast<float>(uniform)) + 8.0f) / 16.0f, 0.0f, 1.0f);
}

QRgb heatColour(float place, HeatScale scale, bool dark) {
    if (place < 0)
        return noDataColour(dark);
    static const std::array<std::vector<QRgb>, 4> tables = {tableOf(DarkRamp), tableOf(LightRamp),
                                                            tableOf(DarkLift), tableOf(LightLift)};
    const auto& table = tables[(scale == HeatScale::Lift ? 2U : 0U) + (dark ? 0U : 1U)];
    return table[static_cast<std::size_t>(std::min(place, 1.0f) * Steps + 0.5f)];
}

QRgb noDataColour(bool dark) {
    return dark ? 0xff1e2126 : 0xffefefec;
}

QRgb presentColour(bool dark) {
    return dark ? qRgb(0x2c, 0x3a, 0x52) : qRgb(0xdd, 0xe5, 0xee);
}

QRgb mutedColour(QRgb colour, bool dark) {
    const QRgb ground = noDataColour(dark);
    return qRgb((qRed(colour) + qRed(ground)) / 2, (qGreen(colour) + qGreen(ground)) / 2,
                (qBlue(colour) + qBlue(ground)) / 2);
}

QImage rasterCells(const std::vector<QRgb>& cells, int columns, int cellPixels, int gapPixels) {
    const int pitch = cellPixels + gapPixels;
    const int rows = columns > 0 ? (static_cast<int>(cells.size()) + columns - 1) / columns : 0;
    if (rows == 0)
        return {};
    QImage image(columns * pitch - gapPixels, rows * pitch - gapPixels, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    for (int row = 0; row < rows; ++row) {
        auto* first = reinterpret_cast<QRgb*>(image.scanLine(row * pitch));
        const int count = std::min(columns, static_cast<int>(cells.size()) - row * columns);
        for (int column = 0; column < count; ++column) {
            std::fill_n(first + column * pitch, cellPixels,
                        cells[static_cast<std::size_t>(row * columns + column)]);
        }
        for (int line = 1; line < cellPixels; ++line)
            std::copy_n(first, image.width(), reinterpret_cast<QRgb*>(image.scanLine(row * pitch + line)));
    }
    return image;
}

QImage heatLegend(int width, int height, HeatScale scale, bool dark) {
    QImage image(width, height, QImage::Format_RGB32);
    for (int x = 0; x < width; ++x) {
        const QRgb colour =
            heatColour(static_cast<float>(x) / static_cast<float>(std::max(1, width - 1)), scale, dark);
        for (int y = 0; y < height; ++y)
            image.setPixel(x, y, colour);
    }
    return image;
}

} // namespace ui
