#pragma once
#include "kernels/cpu/attend_products.h"
#include "kernels/cpu/attend_softmax.h"
#include "kernels/cpu/attend_words.h"
#include "kernels/cpu/vec16_rows.h"

// The attention kernels over Vec16: included once by each attend_*.cpp after its vec16_*.h. Internal linkage
// throughout.
namespace kernels {
namespace {

void scoresAny(const KvRun& run, int firstGroup, int groups, const float* queries, std::ptrdiff_t queryStride,
               int rows, float scale, float* scores) {
    switch (run.type) {
    case KvType::F32:
        return scoresOf<KvType::F32>(run, firstGroup, groups, queries, queryStride, rows, scale, scores);
    case KvType::F16:
        return scoresOf<KvType::F16>(run, firstGroup, groups, queries, queryStride, rows, scale, scores);
    case KvType::Q8_0:
        return scoresOfWords(run, firstGroup, groups, queries, queryStride, rows, scale, scores);
    }
}

void weightedSumAny(const KvRun& run, int firstGroup, const std::uint16_t* masks, int groups,
                    const float* weights, int rows, float* out, Write write) {
    switch (run.type) {
    case KvType::F32:
        return weightedSumOf<KvType::F32>(run, firstGroup, masks, groups, weights, rows, out, write);
    case KvType::F16:
        return weightedSumOf<KvType::F16>(run, firstGroup, masks, groups, weights, rows, out, write);
    case KvType::Q8_0:
        return weightedSumOfWords(run, firstGroup, masks, groups, weights, rows, out);
    }
}

void expandAny(KvType type, const std::byte* stored, int count, float* out) {
    if (type == KvType::F32)
        expandOf<KvType::F32>(stored, count, out);
    else
        expandOf<KvType::F16>(stored, count, out);
}

void softcapRow(float* x, float cap, int count) {
    for (int i = 0; i < count; i += GROUP)
        store16(x + i, softcap16(load16(x + i), cap));
}

constexpr AttendKernels ATTEND_TABLE{scoresAny,
                                     softcapRow,
                                     softmaxOf<Entropy::No>,
                                     softmaxOf<Entropy::Yes>,
                                     weightedSumAny,
                                     expandAny,
                                     mergeRows,
                                     maskedSum,
                                     squares,
                                     scaleRow,
                                     addScaled,
                                     addScaledRows};

} // namespace
} // namespace kernels
