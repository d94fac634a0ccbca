#include "tests/ui/golden.h"

#include <QDir>

#include <algorithm>

namespace test {

namespace {

constexpr int Exact = 3, Legible = 40;
constexpr double MostText = 0.02;

int distance(QRgb a, QRgb b) {
    return std::max(
        {std::abs(qRed(a) - qRed(b)), std::abs(qGreen(a) - qGreen(b)), std::abs(qBlue(a) - qBlue(b))});
}

void keep(const QImage& actual, const QImage& expected, const QString& name) {
    const QDir folder(QStringLiteral("golden-failures"));
    QDir().mkpath(folder.path());
    actual.save(folder.filePath(name + QStringLiteral("-actual.png")));
    if (expected.isNull())
        return;
    expected.save(folder.filePath(name + QStringLiteral("-expected.png")));
    QImage diff(actual.size(), QImage::Format_RGB32);
    for (int y = 0; y < diff.height(); ++y) {
        for (int x = 0; x < diff.width(); ++x) {
            const int off = expected.valid(x, y) ? distance(actual.pixel(x, y), expected.pixel(x, y)) : 255;
            diff.setPixel(x, y, off <= Exact ? qRgb(0, 0, 0) : qRgb(255, 255 - off, 0));
        }
    }
    diff.save(folder.filePath(name + QStringLiteral("-diff.png")));
}

} // namespace

QString compareWithGolden(const QImage& actual, const QString& folder, const QString& name,
                          const QList<QRect>& text) {
    const QImage expected(QStringLiteral("%1/%2.png").arg(folder, name));
    QString problem;
    if (expected.isNull()) {
        problem = QStringLiteral("there is no picture %1 to compare with").arg(name);
    } else if (expected.size() != actual.size()) {
        problem = QStringLiteral("%1 has another size").arg(name);
    } else {
        const double ratio = actual.devicePixelRatio();
        qint64 wrong = 0, wrongText = 0, textPixels = 0;
        for (int y = 0; y < actual.height(); ++y) {
            for (int x = 0; x < actual.width(); ++x) {
                const QPoint at(static_cast<int>(x / ratio), static_cast<int>(y / ratio));
                const bool isText = std::any_of(text.begin(), text.end(),
                                                [at](const QRect& box) { return box.contains(at); });
                const int off = distance(actual.pixel(x, y), expected.pixel(x, y));
                wrong += !isText && off > Exact ? 1 : 0;
                wrongText += isText && off > Legible ? 1 : 0;
                textPixels += isText ? 1 : 0;
            }
        }
        if (wrong > 0)
            problem = QStringLiteral("%1: %2 pixels differ").arg(name).arg(wrong);
        else if (static_cast<double>(wrongText) > MostText * static_cast<double>(textPixels))
            problem =
                QStringLiteral("%1: %2 of %3 pixels of text differ").arg(name).arg(wrongText).arg(textPixels);
    }
    if (!problem.isEmpty())
        keep(actual, expected, name);
    return problem;
}

} // namespace test
