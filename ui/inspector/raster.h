#pragma once
#include <QColor>
#include <QImage>

#include <vector>

namespace ui {

/// Columns and small shapes put straight into pixels: a curve of 2,000 tokens costs a few microseconds, where
/// the same in lines of QPainter costs a millisecond and more. Coordinates are device pixels; everything is
/// cut at the borders.
class Raster {
public:
    Raster(QSize logicalSize, double ratio);

    int width() const { return m_image.width(); }
    int height() const { return m_image.height(); }
    double ratio() const { return m_ratio; }
    /// Rows [top, bottom) of the columns [left, right), blended over what is there.
    void fill(int left, int right, int top, int bottom, QRgb colour);
    /// A stamp of alpha values (side x side), coloured and centred.
    void stamp(int x, int y, const std::vector<quint8>& alpha, int side, QRgb colour);
    /// Diagonal strokes: there is no data here.
    void hatch(int left, int right, int top, int bottom, QRgb colour);
    const QImage& image() const { return m_image; } // with its pixel ratio set

private:
    void blend(QRgb& pixel, QRgb premultiplied) const;
    QImage m_image;
    double m_ratio;
};

} // namespace ui
