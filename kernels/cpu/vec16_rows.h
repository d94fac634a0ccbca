#pragma once
#include <cstdint>

// Sums and products over rows of floats. Included after one of the vec16_*.h.
namespace kernels {
namespace {

constexpr int ROW_STEP = 16;

float maskedSum(const float* row, const std::uint16_t* masks, int groups) {
    Vec16 total = zero16();
    for (int group = 0; group < groups; ++group)
        if (masks[group] != 0)
            total = add16(total, keep16(load16(row + group * ROW_STEP), masks[group], 0.0f));
    return sum16(total);
}

float squares(const float* x, int count) {
    Vec16 total = zero16();
    for (int i = 0; i < count; i += ROW_STEP)
        total = fma16(load16(x + i), load16(x + i), total);
    return sum16(total);
}

void scaleRow(float* x, float factor, int count) {
    for (int i = 0; i < count; i += ROW_STEP)
        store16(x + i, mul16(load16(x + i), broadcast16(factor)));
}

void addScaled(float* to, const float* from, float factor, int count) {
    int i = 0;
    for (; i + ROW_STEP <= count; i += ROW_STEP)
        store16(to + i, fma16(load16(from + i), broadcast16(factor), load16(to + i)));
    for (; i < count; ++i)
        to[i] += from[i] * factor;
}

} // namespace
} // namespace kernels
