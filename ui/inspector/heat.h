#pragma once
#include <QColor>
#include <QImage>
#include <QRect>

#include <vector>

namespace ui {

/// How a number between 0 and 1 becomes a place on the colour ramp.
enum class HeatScale {
    Log,    // 1e-6 .. 1
    Linear, // 0 .. 1
    Lift    // log2(weight / uniform), -8 .. 8, the middle is uniform
};

/// 0..1, or a negative number for "no data" (NaN, below zero). Zero is the bottom of the ramp on Linear and
/// no data on Log and Lift.
float heatPlace(float weight, HeatScale scale, double uniform);

/// Dark: from deep blue to yellow in the steps of cividis; light: one hue from near the background to navy;
/// Lift: orange through neutral to purple. Both are monotone in lightness, so they survive every kind of
/// colour blindness.
QRgb heatColour(float place, HeatScale scale, bool dark);
/// The hatch that means "no data": never mistaken for the low end.
QRgb noDataColour(bool dark);

/// A cell that is filled, but how much it was looked at is not known.
QRgb presentColour(bool dark);
/// Half way to the ground: true, but not to be made much of.
QRgb mutedColour(QRgb colour, bool dark);

/// Raster of cells in row-major order at device resolution: one colour a cell, `gap` device pixels between
/// cells. Cells of the last row that do not exist are transparent. No anti-aliasing, so that every pixel of a
/// cell is its colour.
QImage rasterCells(const std::vector<QRgb>& cells, int columns, int cellPixels, int gapPixels);

/// The ramp itself as a legend.
QImage heatLegend(int width, int height, HeatScale scale, bool dark);

} // namespace ui
