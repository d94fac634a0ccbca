#include "ui/inspector/raster.h"

#include <algorithm>

namespace ui {

Raster::Raster(QSize logicalSize, double ratio)
    : m_image((QSizeF(logicalSize) * ratio).toSize().expandedTo({1, 1}), QImage::Format_ARGB32_Premultiplied),
      m_ratio(ratio) {
    m_image.fill(Qt::transparent);
    m_image.setDevicePixelRatio(ratio);
}

void Raster::blend(QRgb& pixel, QRgb over) const {
    const int rest = 255 - qAlpha(over);
    const auto mix = [rest](int below, int above) { return above + below * rest / 255; };
    pixel = qRgba(mix(qRed(pixel), qRed(over)), mix(qGreen(pixel), qGreen(over)),
                  mix(qBlue(pixel), qBlue(over)), mix(qAlpha(pixel), qAlpha(over)));
}

void Raster::fill(int left, int right, int top, int bottom, QRgb colour) {
    left = std::max(0, left);
    right = std::min(width(), right);
    const QRgb over = qPremultiply(colour);
    for (int y = std::max(0, top); y < std::min(height(), bottom); ++y) {
        auto* line = reinterpret_cast<QRgb*>(m_image.scanLine(y));
        for (int x = left; x < right; ++x)
            blend(line[x], over);
    }
}

void Raster::stamp(int x, int y, const std::vector<quint8>& alpha, int side, QRgb colour) {
    const int left = x - side / 2, top = y - side / 2;
    for (int row = 0; row < side; ++row) {
        if (top + row < 0 || top + row >= height())
            continue;
        auto* line = reinterpret_cast<QRgb*>(m_image.scanLine(top + row));
        for (int column = 0; column < side; ++column) {
            const int cover = alpha[static_cast<std::size_t>(row * side + column)];
            if (cover == 0 || left + column < 0 || left + column >= width())
                continue;
            const QRgb part =
                qRgba(qRed(colour), qGreen(colour), qBlue(colour), qAlpha(colour) * cover / 255);
            blend(line[left + column], qPremultiply(part));
        }
    }
}

void Raster::hatch(int left, int right, int top, int bottom, QRgb colour) {
    const int step = std::max(4, qRound(5 * m_ratio));
    const QRgb over = qPremultiply(colour);
    for (int y = std::max(0, top); y < std::min(height(), bottom); ++y) {
        auto* line = reinterpret_cast<QRgb*>(m_image.scanLine(y));
        for (int x = std::max(0, left); x < std::min(width(), right); ++x) {
            if ((x + y) % step == 0)
                blend(line[x], over);
        }
    }
}

} // namespace ui
