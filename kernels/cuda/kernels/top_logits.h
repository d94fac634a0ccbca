#pragma once
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"
#include "kernels/gpu/found_logits.h"

// The largest logits of a row, without order: what is listed is marked, a launch a digit counts the logits that share the digits found so far
// by their next one, and one more collects (gpu/found_logits.h). No two logits are alike in that order, so ties need no care.
namespace kernels::cuda {

constexpr int valueDigits = 4;

struct LogitPlace {
    std::uint32_t value, id; // the larger, the earlier
};

GPU_FUNCTION bool isNumber(std::uint32_t bits) {
    return (bits & 0x7fffffffu) <= 0x7f800000u;
}

GPU_FUNCTION LogitPlace placeOf(int column, std::uint32_t bits) {
    const std::uint32_t own = bits == 0x80000000u ? 0u : bits; // both zeros are equal
    return {(own & 0x80000000u) != 0u ? ~own : own | 0x80000000u,
            0xffffffu - static_cast<std::uint32_t>(column)};
}

GPU_FUNCTION std::uint32_t digitOf(const LogitPlace& place, int which) {
    return (which < valueDigits ? place.value >> (24 - 8 * which)
                                : place.id >> (16 - 8 * (which - valueDigits))) &
           255u;
}

GPU_FUNCTION bool isListed(const TopLogitsArguments& a, int column) {
    return (a.marks[column / 32] >> (column % 32) & 1u) != 0u;
}

GPU_KERNEL(blockThreads) markListed(TopLogitsArguments a) {
    for (int i = static_cast<int>(itemIndex()); i < a.listed; i += static_cast<int>(itemCount())) {
        const int column = a.listedColumns[i];
        a.found[1 + i] = asWord(a.row[column]);
        orAtOnce(&a.marks[column / 32], 1u << (column % 32));
    }
}

/// The digits that are known, the others 0.
struct LogitEdge {
    LogitPlace place;
    bool isFound; // nothing is left to find
};

/// From the counts of the digits before `digits`, in every thread.
GPU_FUNCTION LogitEdge findEdge(const TopLogitsArguments& a, int digits) {
    constexpr int bins = static_cast<int>(gpu::logitBins), parts = 64, ofPart = bins / parts;
    GPU_SHARED(std::uint32_t, sums, parts);
    GPU_SHARED(std::uint32_t, edge, 3);
    LogitPlace place{0, 0};
    bool isFound = a.wanted == 0;
    std::uint32_t left = static_cast<std::uint32_t>(a.wanted);
    for (int which = 0; which < digits; ++which) {
        const std::uint32_t* const counts = a.bins + which * bins;
        syncBlock();
        for (int i = threadIndex(); i < parts; i += threadCount()) {
            std::uint32_t sum = 0;
            for (int j = 0; j < ofPart; ++j)
                sum += counts[ofPart * i + j];
            sums[i] = sum;
        }
        syncBlock();
        if (threadIndex() != 0 || isFound)
            continue;
        int part = parts - 1;
        while (part > 0 && sums[part] < left)
            left -= sums[part--];
        int bin = ofPart * part + ofPart - 1;
        std::uint32_t count = counts[bin];
        while (bin > ofPart * part && count < left) {
            left -= count;
            count = counts[--bin];
        }
        if (which < valueDigits)
            place.value |= static_cast<std::uint32_t>(bin) << (24 - 8 * which);
        else
            place.id |= static_cast<std::uint32_t>(bin) << (16 - 8 * (which - valueDigits));
        isFound = count <= left; // all of this bin are wanted
    }
    if (threadIndex() == 0) {
        edge[0] = place.value;
        edge[1] = place.id;
        edge[2] = isFound;
    }
    syncBlock();
    return {{edge[0], edge[1]}, edge[2] != 0};
}

/// The logarithm of a sum of powers is put together from these.
GPU_FUNCTION void addPowers(const TopLogitsArguments& a) {
    float largest = lowest, sum = 0.0f;
    for (std::int64_t i = itemIndex(); i < a.columns; i += itemCount())
        if (isNumber(asWord(a.row[i])))
            largest = larger(largest, a.row[i]);
    largest = largestOfBlock(largest);
    for (std::int64_t i = itemIndex(); i < a.columns; i += itemCount())
        if (isNumber(asWord(a.row[i])))
            sum += powerOfE(a.row[i] - largest);
    sum = sumOfBlock(sum);
    if (threadIndex() == 0) {
        a.found[a.sumsAt + 2 * blockX()] = asWord(largest);
        a.found[a.sumsAt + 2 * blockX() + 1] = asWord(sum);
    }
}

GPU_KERNEL(blockThreads) countLogitDigit(TopLogitsArguments a) {
    constexpr int bins = static_cast<int>(gpu::logitBins);
    GPU_SHARED(std::uint32_t, counts, bins);
    if (a.digit == 0)
        addPowers(a);
    const LogitEdge edge = findEdge(a, a.digit);
    if (edge.isFound)
        return; // the whole block
    for (int i = threadIndex(); i < bins; i += threadCount())
        counts[i] = 0;
    syncBlock();
    for (std::int64_t i = itemIndex(); i < a.columns; i += itemCount()) {
        const std::uint32_t bits = asWord(a.row[i]);
        const int column = static_cast<int>(i);
        if (!isNumber(bits) || isListed(a, column))
            continue;
        const LogitPlace place = placeOf(column, bits);
        bool isNear = true;
        for (int which = 0; which < a.digit; ++which)
            isNear = isNear && digitOf(place, which) == digitOf(edge.place, which);
        if (isNear)
            addAtOnce(&counts[digitOf(place, a.digit)], 1u);
    }
    syncBlock();
    for (int i = threadIndex(); i < bins; i += threadCount())
        if (counts[i] != 0)
            addAtOnce(&a.bins[a.digit * bins + i], counts[i]);
}

GPU_KERNEL(blockThreads) collectLogits(TopLogitsArguments a) {
    const LogitPlace edge = findEdge(a, static_cast<int>(gpu::logitDigits)).place;
    for (std::int64_t i = itemIndex(); i < a.columns; i += itemCount()) {
        const std::uint32_t bits = asWord(a.row[i]);
        const int column = static_cast<int>(i);
        if (a.wanted == 0 || !isNumber(bits) || isListed(a, column))
            continue;
        const LogitPlace place = placeOf(column, bits);
        if (place.value < edge.value || (place.value == edge.value && place.id < edge.id))
            continue;
        const std::uint32_t to = static_cast<std::uint32_t>(a.entriesAt) + 2 * addAtOnce(&a.found[0], 1u);
        a.found[to] = static_cast<std::uint32_t>(column);
        a.found[to + 1] = bits;
    }
}

} // namespace kernels::cuda
