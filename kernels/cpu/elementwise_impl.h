#pragma once
#include "kernels/cpu/elementwise_kernels.h"
#include "kernels/cpu/vec16_math.h"

// The elementwise kernels over Vec16: included once by each elementwise_*.cpp after its vec16_*.h. Internal
// linkage throughout.
namespace kernels {
namespace {

constexpr int STEP = 16;

// At most a vector; missing lanes are 0.
VEC16 Vec16 loadSome(const float* from, std::int64_t count) {
    if (count >= STEP)
        return load16(from);
    float lanes[STEP] = {};
    __builtin_memcpy(lanes, from, static_cast<std::size_t>(count) * sizeof(float));
    return load16(lanes);
}
VEC16 void storeSome(float* to, Vec16 x, std::int64_t count) {
    if (count >= STEP) {
        store16(to, x);
        return;
    }
    float lanes[STEP];
    store16(lanes, x);
    __builtin_memcpy(to, lanes, static_cast<std::size_t>(count) * sizeof(float));
}

// out[i] = function(i, a vector from each input at i): the last piece goes through a buffer.
template <class Function>
VEC16 void map2(const float* a, const float* b, float* out, std::int64_t count, const Function& function) {
    std::int64_t i = 0;
    for (; i + STEP <= count; i += STEP)
        store16(out + i, function(load16(a + i), load16(b + i)));
    if (i < count)
        storeSome(out + i, function(loadSome(a + i, count - i), loadSome(b + i, count - i)), count - i);
}

void rmsNormRow(const float* x, const float* gain, float epsilon, float* out, std::int64_t count) {
    Vec16 sums[4] = {zero16(), zero16(), zero16(), zero16()};
    std::int64_t i = 0;
    for (; i + 4 * STEP <= count; i += 4 * STEP)
        for (int k = 0; k < 4; ++k) {
            const Vec16 values = load16(x + i + k * STEP);
            sums[k] = fma16(values, values, sums[k]);
        }
    for (; i < count; i += STEP) {
        const Vec16 values = i + STEP <= count ? load16(x + i) : loadSome(x + i, count - i);
        sums[0] = fma16(values, values, sums[0]);
    }
    const float squares = sum16(add16(add16(sums[0], sums[1]), add16(sums[2], sums[3])));
    const Vec16 factor = broadcast16(1.0f / __builtin_sqrtf(squares / static_cast<float>(count) + epsilon));
    map2(x, gain, out, count, [&](Vec16 values, Vec16 gains) { return mul16(mul16(values, factor), gains); });
}

// The sum of function(a vector) over a row; lanes beyond its end are left out.
template <class Function>
VEC16 float sumOf(const float* x, std::int64_t count, const Function& function) {
    Vec16 sums = zero16();
    std::int64_t i = 0;
    for (; i + STEP <= count; i += STEP)
        sums = add16(sums, function(load16(x + i)));
    if (i < count) {
        float lanes[STEP] = {};
        store16(lanes, function(loadSome(x + i, count - i)));
        sums = add16(sums, loadSome(lanes, count - i));
    }
    return sum16(sums);
}

void layerNormRow(const float* x, const float* gain, const float* bias, float epsilon, float* out,
                  std::int64_t count) {
    const float length = static_cast<float>(count);
    const Vec16 mean = broadcast16(sumOf(x, count, [](Vec16 values) { return values; }) / length);
    const float squares = sumOf(x, count, [&](Vec16 values) {
        const Vec16 distance = sub16(values, mean);
        return mul16(distance, distance);
    });
    const Vec16 factor = broadcast16(1.0f / __builtin_sqrtf(squares / length + epsilon));
    map2(x, gain, out, count,
         [&](Vec16 values, Vec16 gains) { return mul16(mul16(sub16(values, mean), factor), gains); });
    if (bias)
        map2(out, bias, out, count, [](Vec16 values, Vec16 biases) { return add16(values, biases); });
}

// (0,1)(2,3)..: x cos and the neighbour times sin, subtracted in even lanes and added in odd ones.
void ropeNeighbours(const float* x, int ropeDim, const float* angles, float* out) {
    for (int i = 0; i < ropeDim; i += STEP) {
        const int count = ropeDim - i < STEP ? ropeDim - i : STEP;
        const Vec16 pairs = loadSome(x + i, count), angle = loadSome(angles + i, count);
        const Vec16 turned = mul16(swapPairs16(pairs), oddTwice16(angle));
        storeSome(out + i, fmaSubAdd16(pairs, evenTwice16(angle), turned), count);
    }
}

// (0,d/2)(1,d/2+1)..: cos and sin are taken apart first.
void ropeHalves(const float* x, int ropeDim, const float* angles, float* out) {
    const int half = ropeDim / 2;
    for (int i = 0; i < half; i += STEP) {
        const int count = half - i < STEP ? half - i : STEP;
        float cosines[STEP] = {}, sines[STEP] = {};
        for (int k = 0; k < count; ++k) {
            cosines[k] = angles[2 * (i + k)];
            sines[k] = angles[2 * (i + k) + 1];
        }
        const Vec16 cosine = load16(cosines), sine = load16(sines);
        const Vec16 first = loadSome(x + i, count), second = loadSome(x + half + i, count);
        const Vec16 minus = sub16(mul16(first, cosine), mul16(second, sine));
        storeSome(out + half + i, fma16(first, sine, mul16(second, cosine)), count);
        storeSome(out + i, minus, count);
    }
}

void ropeHead(const float* x, int headDim, int ropeDim, RopePairing pairing, const float* angles,
              float* out) {
    if (pairing == RopePairing::Norm)
        ropeNeighbours(x, ropeDim, angles, out);
    else
        ropeHalves(x, ropeDim, angles, out);
    if (x != out)
        for (int i = ropeDim; i < headDim; ++i)
            out[i] = x[i];
}

VEC16 Vec16 timesLogistic(Vec16 x, Vec16 argument) {
    const Vec16 one = broadcast16(1.0f);
    return div16(x, add16(one, exp16(sub16(zero16(), argument))));
}

VEC16 Vec16 silu16(Vec16 x) {
    return timesLogistic(x, x);
}

// 0.5 (1 + tanh(u)) is the logistic function of 2u, with u = sqrt(2 / pi) (x + 0.044715 x^3).
VEC16 Vec16 geluTanh16(Vec16 x) {
    const Vec16 cubic =
        fma16(mul16(x, x), broadcast16(0.044715f * 1.5957691216f), broadcast16(1.5957691216f));
    return timesLogistic(x, mul16(x, cubic));
}

// 0.5 x (1 + erf(x / sqrt 2)). The standard library's erf: only small old families use it.
VEC16 Vec16 geluErf16(Vec16 x) {
    float lanes[STEP];
    store16(lanes, x);
    for (float& lane : lanes)
        lane = 0.5f * lane * __builtin_erfcf(-lane * 0.70710678f);
    return load16(lanes);
}

// gpt-oss: the constants are its authors'.
VEC16 Vec16 clampedSilu16(Vec16 gate, Vec16 up) {
    const Vec16 limit = broadcast16(7.0f), one = broadcast16(1.0f);
    const Vec16 g = min16(gate, limit), u = max16(min16(up, limit), broadcast16(-7.0f));
    return mul16(add16(u, one), timesLogistic(g, mul16(g, broadcast16(1.702f))));
}

void gatedRow(Activation activation, const float* gate, const float* up, float* out, std::int64_t count) {
    switch (activation) {
    case Activation::Silu:
        return map2(gate, up, out, count, [](Vec16 x, Vec16 other) { return mul16(silu16(x), other); });
    case Activation::GeluTanh:
        return map2(gate, up, out, count, [](Vec16 x, Vec16 other) { return mul16(geluTanh16(x), other); });
    case Activation::GeluErf:
        return map2(gate, up, out, count, [](Vec16 x, Vec16 other) { return mul16(geluErf16(x), other); });
    case Activation::ClampedSilu:
        return map2(gate, up, out, count, [](Vec16 x, Vec16 other) { return clampedSilu16(x, other); });
    }
}

void activateRow(Activation activation, float* inOut, std::int64_t count) {
    switch (activation) {
    case Activation::Silu:
        return map2(inOut, inOut, inOut, count, [](Vec16 x, Vec16) { return silu16(x); });
    case Activation::GeluTanh:
        return map2(inOut, inOut, inOut, count, [](Vec16 x, Vec16) { return geluTanh16(x); });
    case Activation::GeluErf:
        return map2(inOut, inOut, inOut, count, [](Vec16 x, Vec16) { return geluErf16(x); });
    case Activation::ClampedSilu: // gated only
        __builtin_unreachable();
    }
}

void clampRow(float* inOut, float limit, std::int64_t count) {
    const Vec16 most = broadcast16(limit), least = broadcast16(-limit);
    map2(inOut, inOut, inOut, count, [&](Vec16 x, Vec16) { return min16(max16(x, least), most); });
}

void softcapValues(float* inOut, float cap, std::int64_t count) {
    map2(inOut, inOut, inOut, count, [&](Vec16 x, Vec16) { return softcap16(x, cap); });
}

void addRow(const float* x, float* inOut, std::int64_t count) {
    map2(x, inOut, inOut, count, [](Vec16 a, Vec16 b) { return add16(a, b); });
}

void scaleRowBy(float* inOut, float factor, std::int64_t count) {
    const Vec16 factors = broadcast16(factor);
    map2(inOut, inOut, inOut, count, [&](Vec16 a, Vec16) { return mul16(a, factors); });
}

constexpr float LARGEST_HALF = 65504.0f;

VEC16 Vec16 inHalfRange(Vec16 x) {
    return min16(max16(x, broadcast16(-LARGEST_HALF)), broadcast16(LARGEST_HALF));
}

void toHalfRow(const float* x, std::uint16_t* out, int count) {
    for (int i = 0; i < count; i += STEP) {
        if (i + STEP <= count) {
            storeHalf16(out + i, inHalfRange(load16(x + i)));
            continue;
        }
        std::uint16_t lanes[STEP];
        storeHalf16(lanes, inHalfRange(loadSome(x + i, count - i)));
        __builtin_memcpy(out + i, lanes, static_cast<std::size_t>(count - i) * 2);
    }
}

std::uint16_t toQ8Block(const float* x, std::int8_t* out, int count) {
    const Vec16 low = loadSome(x, count < STEP ? count : STEP);
    const Vec16 high = count > STEP ? loadSome(x + STEP, count - STEP) : zero16();
    const float largest = largest16(max16(abs16(low), abs16(high)));
    // The scale as it will be read back decides the steps; one too small to hold makes the block zero.
    std::uint16_t scales[STEP];
    storeHalf16(scales, inHalfRange(broadcast16(largest / 127.0f)));
    float step[STEP];
    store16(step, loadHalf16(scales));
    const Vec16 perStep = broadcast16(step[0] > 0 ? 1.0f / step[0] : 0.0f);
    const Vec16 limit = broadcast16(127.0f), lower = broadcast16(-127.0f);
    std::int8_t lanes[2 * STEP];
    storeInt8x16(lanes, max16(min16(round16(mul16(low, perStep)), limit), lower));
    storeInt8x16(lanes + STEP, max16(min16(round16(mul16(high, perStep)), limit), lower));
    __builtin_memcpy(out, lanes, static_cast<std::size_t>(count));
    return scales[0];
}

constexpr ElementwiseKernels ELEMENTWISE_TABLE{.rmsNorm = rmsNormRow,
                                               .layerNorm = layerNormRow,
                                               .rope = ropeHead,
                                               .gated = gatedRow,
                                               .activate = activateRow,
                                               .clamp = clampRow,
                                               .softcap = softcapValues,
                                               .add = addRow,
                                               .scale = scaleRowBy,
                                               .toHalf = toHalfRow,
                                               .toQ8 = toQ8Block};

} // namespace
} // namespace kernels
