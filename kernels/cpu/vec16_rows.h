#pragma once
#include <cstddef>
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

// Rows are `stride` apart. `next` is what will be read after this: its lines are fetched ahead, because each
// block of rows is too short for the processor to see where it goes on.
void addScaledRows(float* to, const float* from, std::ptrdiff_t stride, const float* factors, int rows,
                   int count, const float* next) {
    int i = 0;
    for (; i + ROW_STEP <= count; i += ROW_STEP) {
        Vec16 sum = load16(to + i);
        for (int row = 0; row < rows; ++row) {
            __builtin_prefetch(next + row * stride + i);
            sum = fma16(load16(from + row * stride + i), broadcast16(factors[row]), sum);
        }
        store16(to + i, sum);
    }
    for (; i < count; ++i)
        for (int row = 0; row < rows; ++row)
            to[i] += from[row * stride + i] * factors[row];
}

} // namespace
} // namespace kernels
