#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"
#include "kernels/gpu/packed_form.h"

// Reading weights in the form of gpu/packed_form.h.
namespace kernels::cuda {

using gpu::Form;

constexpr int chunkOfWeights = 16; // columns

template <class T>
GPU_FUNCTION const T* elementsAt(const void* base, std::int64_t index) {
    return static_cast<const T*>(base) + index;
}

GPU_FUNCTION void unpackNibbles(std::uint32_t word, int zeroPoint, float* to) {
    GPU_UNROLL
    for (int i = 0; i < 8; ++i)
        to[i] = static_cast<float>(static_cast<int>(word >> (4 * i) & 15) - zeroPoint);
}

GPU_FUNCTION float signedByte(std::uint32_t word, int i) {
    return static_cast<float>(static_cast<std::int32_t>(word << (24 - 8 * i)) >> 24);
}

/// 16 quants before their scale. `chunk` counts through the whole matrix.
template <Form FORM>
GPU_FUNCTION void loadChunk(const WeightView& weight, std::int64_t chunk, float* w) {
    if constexpr (FORM == Form::F32) {
        GPU_UNROLL
        for (int i = 0; i < 4; ++i) {
            const Words4 words = *elementsAt<Words4>(weight.quants, 4 * chunk + i);
            w[4 * i] = asFloat(words.x);
            w[4 * i + 1] = asFloat(words.y);
            w[4 * i + 2] = asFloat(words.z);
            w[4 * i + 3] = asFloat(words.w);
        }
    } else if constexpr (FORM == Form::F16 || FORM == Form::BF16) {
        GPU_UNROLL
        for (int i = 0; i < 2; ++i) {
            const Words4 words = *elementsAt<Words4>(weight.quants, 2 * chunk + i);
            const std::uint32_t all[] = {words.x, words.y, words.z, words.w};
            GPU_UNROLL
            for (int j = 0; j < 4; ++j) {
                w[8 * i + 2 * j] = FORM == Form::F16 ? fromHalf(all[j] & 0xffff) : asFloat(all[j] << 16);
                w[8 * i + 2 * j + 1] =
                    FORM == Form::F16 ? fromHalf(all[j] >> 16) : asFloat(all[j] & 0xffff0000u);
            }
        }
    } else if constexpr (FORM == Form::Four) {
        const Words2 words = *elementsAt<Words2>(weight.quants, chunk);
        unpackNibbles(words.x, weight.zeroPoint, w);
        unpackNibbles(words.y, weight.zeroPoint, w + 8);
    } else {
        const Words4 words = *elementsAt<Words4>(weight.quants, chunk);
        GPU_UNROLL
        for (int i = 0; i < 4; ++i) {
            w[i] = signedByte(words.x, i);
            w[4 + i] = signedByte(words.y, i);
            w[8 + i] = signedByte(words.z, i);
            w[12 + i] = signedByte(words.w, i);
        }
    }
}

struct ScaleAndOffset {
    float scale, offset;
};

/// By the number of the scale: weight = scale * (quant - zeroPoint) + offset.
GPU_FUNCTION ScaleAndOffset scaleOfBlock(const WeightView& weight, std::int64_t block) {
    if (weight.hasFloatScales) {
        const Words2 words = *elementsAt<Words2>(weight.scales, block);
        return {asFloat(words.x), asFloat(words.y)};
    }
    const std::uint32_t halves = *elementsAt<std::uint32_t>(weight.scales, block);
    return {fromHalf(halves & 0xffff), fromHalf(halves >> 16)};
}

template <Form FORM>
GPU_FUNCTION ScaleAndOffset scaleOfChunk(const WeightView& weight, std::int64_t chunk) {
    if constexpr (FORM == Form::Four || FORM == Form::Eight)
        return scaleOfBlock(weight, weight.chunksOfScale == 2 ? chunk / 2 : chunk);
    else
        return {1.0f, 0.0f};
}

} // namespace kernels::cuda
