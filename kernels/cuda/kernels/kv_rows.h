#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"
#include "kernels/kv_type.h"

// Reading keys and values, eight or two numbers at a time.
namespace kernels::cuda {

constexpr int scaleBlock = 32; // numbers of Q8_0 that share a scale

/// Fields one by one: a choice between two structures would put both into a thread's stack.
GPU_FUNCTION CachePart chosenPart(const CachePart& sinks, const CachePart& ring, bool isSink) {
    CachePart part;
    part.numbers = isSink ? sinks.numbers : ring.numbers;
    part.scales = isSink ? sinks.scales : ring.scales;
    part.slots = isSink ? sinks.slots : ring.slots;
    part.type = isSink ? sinks.type : ring.type;
    part.numberWords = isSink ? sinks.numberWords : ring.numberWords;
    part.scaleHalves = isSink ? sinks.scaleHalves : ring.scaleHalves;
    return part;
}

GPU_FUNCTION void halvesOf(std::uint32_t word, float* to) {
    to[0] = fromHalf(word & 0xffff);
    to[1] = fromHalf(word >> 16);
}

GPU_FUNCTION float byteOf(std::uint32_t word, int i) {
    return static_cast<float>(static_cast<std::int32_t>(word << (24 - 8 * i)) >> 24);
}

/// Up to `COUNT` words from `at` on (a multiple of COUNT) of a row; what the row has not is 0. Rows of whole 16 bytes are read in large
/// loads.
template <int COUNT>
GPU_FUNCTION void loadWords(const std::uint32_t* row, int at, int rowWords, std::uint32_t* words) {
    if constexpr (COUNT == 4) {
        if (rowWords % 4 == 0) {
            const Words4 all = *reinterpret_cast<const Words4*>(row + at);
            words[0] = all.x;
            words[1] = all.y;
            words[2] = all.z;
            words[3] = all.w;
            return;
        }
    } else if (rowWords % 2 == 0) {
        const Words2 all = *reinterpret_cast<const Words2*>(row + at);
        words[0] = all.x;
        words[1] = all.y;
        return;
    }
    GPU_UNROLL
    for (int i = 0; i < COUNT; ++i)
        words[i] = at + i < rowWords ? row[at + i] : 0;
}

GPU_FUNCTION float scaleOfNumber(const CachePart& part, std::int64_t row, int d) {
    return fromHalf(part.scales[row * part.scaleHalves + d / scaleBlock]);
}

/// Numbers d .. d+7 of a row, d a multiple of 8; zeros behind its end.
GPU_FUNCTION void loadEight(const CachePart& part, std::int64_t row, int d, float* to) {
    const std::uint32_t* const words = part.numbers + row * part.numberWords;
    if (part.type == static_cast<int>(KvType::F16)) {
        std::uint32_t four[4];
        loadWords<4>(words, d / 2, part.numberWords, four);
        GPU_UNROLL
        for (int i = 0; i < 4; ++i)
            halvesOf(four[i], to + 2 * i);
    } else if (part.type == static_cast<int>(KvType::Q8_0)) {
        std::uint32_t two[2];
        loadWords<2>(words, d / 4, part.numberWords, two);
        const float scale = scaleOfNumber(part, row, d);
        GPU_UNROLL
        for (int i = 0; i < 8; ++i)
            to[i] = byteOf(two[i / 4], i % 4) * scale;
    } else {
        GPU_UNROLL
        for (int i = 0; i < 8; i += 4) {
            std::uint32_t four[4] = {};
            if (d + i < part.numberWords)
                loadWords<4>(words, d + i, part.numberWords, four);
            GPU_UNROLL
            for (int j = 0; j < 4; ++j)
                to[i + j] = asFloat(four[j]);
        }
    }
}

/// Numbers d and d+1 of a row, d even.
GPU_FUNCTION void loadTwo(const CachePart& part, std::int64_t row, int d, float* to) {
    const std::uint32_t* const words = part.numbers + row * part.numberWords;
    if (part.type == static_cast<int>(KvType::F16)) {
        halvesOf(words[d / 2], to);
    } else if (part.type == static_cast<int>(KvType::Q8_0)) {
        const float scale = scaleOfNumber(part, row, d);
        to[0] = byteOf(words[d / 4], d % 4) * scale;
        to[1] = byteOf(words[d / 4], d % 4 + 1) * scale;
    } else {
        to[0] = asFloat(words[d]);
        to[1] = asFloat(words[d + 1]);
    }
}

} // namespace kernels::cuda
