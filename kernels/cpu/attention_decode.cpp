#include "kernels/cpu/attention.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kernels {
namespace {

constexpr int ROWS_AT_ONCE = 8; // query heads whose weights are added to the slot mass in one pass

constexpr std::size_t ORDINARY_RUNS = 64; // of a query's newest keys: more cost one allocation

std::size_t bytesOf(const AttendCall& call, const AttendSplit& split) {
    const KvLayout& layout = call.cache.layout(call.layer, split.part);
    return static_cast<std::size_t>(split.groups) * (layout.keyGroupBytes + layout.valueGroupBytes);
}

// What a weight of a split is multiplied with to be one of the whole row.
float shareOf(const RowSums& split, const RowSums& total) {
    return total.sum > 0 ? std::exp2(split.largest - total.largest) / total.sum : 0.0f;
}

bool keepsWeights(const AttentionCapture* capture) {
    return capture && (!capture->slotMass.empty() || !capture->rows.empty());
}

} // namespace

DecodeAttention::DecodeAttention(ThreadPool& pool, Isa isa) : m_pool(pool), m_kernels(attendKernels(isa)) {}

void DecodeAttention::reserve(const AttendCall& call) {
    // Sized for the whole cache seen with every rotation, so that nothing is allocated while it fills and when a capture begins.
    const KvShape& shape = call.cache.shape();
    const auto splitsOf = [](int slots) { return (slots + SPLIT_SLOTS - 1) / SPLIT_SLOTS; };
    const std::size_t splits =
        static_cast<std::size_t>(splitsOf(shape.sinkSlots) + splitsOf(shape.ringSlots)) * call.queries.size();
    const std::size_t rows = std::max(splits * static_cast<std::size_t>(call.heads),
                                      static_cast<std::size_t>(m_pool.threads() * call.groupHeads));
    const std::size_t padded = static_cast<std::size_t>(call.paddedDim);
    m_splits.reserve(splits);
    m_recent.reserve(ORDINARY_RUNS);
    if (m_parts.size() < rows)
        m_parts.resize(rows);
    m_totals.resize(static_cast<std::size_t>(call.heads));
    const std::size_t distances = static_cast<std::size_t>(m_pool.threads()) * SPLIT_SLOTS;
    const std::size_t floats = rows * (padded + SPLIT_SLOTS) + padded + distances;
    if (m_scratch.size() < floats * sizeof(float))
        m_scratch = HugeMemory(floats * sizeof(float));
    m_weights = reinterpret_cast<float*>(m_scratch.data());
    m_partOut = m_weights + rows * SPLIT_SLOTS;
    m_headOut = m_partOut + rows * padded;
    m_distances = m_headOut + padded;
}

std::uint64_t DecodeAttention::run(const AttendCall& call, int token, const AttentionCapture* capture) {
    reserve(call);
    listSplits(call.cache.shape(), call.viewOf(token, 1), static_cast<int>(call.queries.size()), m_splits);
    if (capture)
        listRecent(call, token, capture->recentKeys);
    const int splits = static_cast<int>(m_splits.size());
    const bool kept = keepsWeights(capture);
    const int units = call.kvHeads * splits;
    // A chunk each, so that a thread that is held up costs little; threads take neighbours, so what a unit fetches
    // ahead is its thread's next.
    m_pool.run(units, [&](int unit, int worker) {
        runUnit(call, token, unit, worker, weightsOf(call, unit, worker, kept), capture);
    });
    for (int head = 0; head < call.heads; ++head) {
        const RowSums total = mergeHead(call, token, head);
        m_totals[static_cast<std::size_t>(head)] = total;
        if (capture) {
            const HeadStats stats = statsOf(call, head, total);
            if (!capture->heads.empty())
                capture->heads[static_cast<std::size_t>(head)] = stats;
        }
    }
    if (kept) {
        std::fill(capture->rows.begin(), capture->rows.end(), 0.0f);
        m_pool.run(splits, [&](int split, int) { addWeights(call, split, *capture); });
    }
    std::uint64_t bytes = 0;
    for (const AttendSplit& split : m_splits)
        bytes += bytesOf(call, split) * static_cast<std::uint64_t>(call.kvHeads);
    return bytes;
}

float* DecodeAttention::weightsOf(const AttendCall& call, int unit, int worker, bool kept) const {
    return m_weights + static_cast<std::ptrdiff_t>(kept ? unit : worker) * call.groupHeads * SPLIT_SLOTS;
}

// The newest keys of the ring, as runs.
void DecodeAttention::listRecent(const AttendCall& call, int token, int keys) {
    m_recent.clear();
    const KeyRuns runs = call.view.of(static_cast<std::size_t>(token));
    for (auto run = runs.rbegin(); run != runs.rend() && keys > 0; ++run) {
        if (run->firstSlot < call.cache.shape().sinkSlots)
            continue;
        const int count = std::min(keys, run->count);
        m_recent.push_back({run->firstSlot + run->count - count, count, run->query, 0});
        keys -= count;
    }
}

void DecodeAttention::runUnit(const AttendCall& call, int token, int unit, int worker, float* weights,
                              const AttentionCapture* capture) {
    const int splits = static_cast<int>(m_splits.size());
    const int kvHead = unit / splits;
    const AttendSplit& split = m_splits[static_cast<std::size_t>(unit % splits)];
    KvRun run = call.run(split.part, kvHead);
    if (unit % splits + 1 < splits) {
        const AttendSplit& next = (&split)[1];
        run.nextKeys = call.cache.keys(call.layer, next.part, kvHead) +
                       static_cast<std::size_t>(next.firstGroup) *
                           call.cache.layout(call.layer, next.part).keyGroupBytes;
    }
    const Matrix& queries = call.queries[static_cast<std::size_t>(split.query)];
    const float* query = queries.data + token * queries.cols + kvHead * call.groupHeads * call.headDim;
    m_kernels.scores(run, split.firstGroup, split.groups, query, call.headDim, call.groupHeads,
                     call.scale * LOG2_E, weights);
    if (call.isStyled()) {
        float* distances = m_distances + worker * SPLIT_SLOTS;
        if (call.slopes)
            splitDistances(call.cache.shape(), call.view.of(static_cast<std::size_t>(token)), split,
                           distances);
        for (int row = 0; row < call.groupHeads; ++row)
            call.style(m_kernels, kvHead * call.groupHeads + row, distances, weights + row * SPLIT_SLOTS,
                       split.groups * KV_GROUP);
    }
    Part* parts = m_parts.data() + static_cast<std::ptrdiff_t>(unit) * call.groupHeads;
    const auto softmax = capture ? m_kernels.softmaxWithEntropy : m_kernels.softmax;
    for (int row = 0; row < call.groupHeads; ++row)
        parts[row].sums = softmax(weights + row * SPLIT_SLOTS, split.masks, split.groups);
    m_kernels.weightedSum(run, split.firstGroup, split.masks, split.groups, weights, call.groupHeads,
                          m_partOut + static_cast<std::ptrdiff_t>(unit) * call.groupHeads * call.paddedDim,
                          Write::Replace);
    if (capture)
        captureUnit(call, split, weights, parts);
}

void DecodeAttention::captureUnit(const AttendCall& call, const AttendSplit& split, const float* weights,
                                  Part* parts) const {
    const KvShape& shape = call.cache.shape();
    std::uint16_t masks[SPLIT_GROUPS];
    const bool anyRecent = splitMasks(shape, m_recent, split.part, split.query, split.index, masks);
    for (int row = 0; row < call.groupHeads; ++row) {
        const float* from = weights + row * SPLIT_SLOTS;
        parts[row].slot0 = split.firstSlot(shape) == 0 ? from[0] : 0.0f;
        parts[row].recent =
            anyRecent ? m_kernels.maskedSum(from, masks + split.firstMask, split.groups) : 0.0f;
    }
}

RowSums DecodeAttention::mergeHead(const AttendCall& call, int token, int head) {
    const int splits = static_cast<int>(m_splits.size());
    const int kvHead = head / call.groupHeads, row = head % call.groupHeads;
    RowSums total = call.startOf(head);
    std::fill(m_headOut, m_headOut + call.paddedDim, 0.0f);
    for (int split = 0; split < splits; ++split) {
        const std::ptrdiff_t index =
            static_cast<std::ptrdiff_t>(kvHead * splits + split) * call.groupHeads + row;
        m_kernels.merge(total, m_headOut, m_parts[static_cast<std::size_t>(index)].sums,
                        m_partOut + index * call.paddedDim, call.paddedDim);
    }
    m_kernels.scaleRow(m_headOut, total.sum > 0 ? 1.0f / total.sum : 0.0f, call.paddedDim);
    std::copy(m_headOut, m_headOut + call.headDim,
              call.out.data + token * call.out.cols + head * call.headDim);
    return total;
}

// Of the head merged last. Of most splits only their part in the total counts: what needs a split's share is
// looked up in the few that hold it.
HeadStats DecodeAttention::statsOf(const AttendCall& call, int head, const RowSums& total) {
    HeadStats stats;
    if (total.sum <= 0)
        return stats;
    const int splits = static_cast<int>(m_splits.size());
    const int kvHead = head / call.groupHeads, row = head % call.groupHeads;
    for (int split = 0; split < splits; ++split) {
        const Part& part =
            m_parts[static_cast<std::size_t>((kvHead * splits + split) * call.groupHeads + row)];
        const bool isSink = m_splits[static_cast<std::size_t>(split)].part == KvPart::Sinks;
        if (!isSink && part.slot0 == 0 && part.recent == 0)
            continue;
        const float share = shareOf(part.sums, total);
        stats.slot0 += part.slot0 * share;
        stats.recent += part.recent * share;
        if (isSink)
            stats.sinks += part.sums.sum * share;
    }
    if (call.sinkLogits)
        stats.learnedSink = shareOf(call.startOf(head), total);
    stats.effectiveKeys = std::exp2(std::log2(total.sum) - total.entropy / total.sum);
    stats.outputNorm = std::sqrt(m_kernels.squares(m_headOut, call.paddedDim));
    return stats;
}

void DecodeAttention::addWeights(const AttendCall& call, int splitIndex,
                                 const AttentionCapture& capture) const {
    const KvShape& shape = call.cache.shape();
    const int splits = static_cast<int>(m_splits.size());
    const AttendSplit& split = m_splits[static_cast<std::size_t>(splitIndex)];
    const int first = split.firstSlot(shape);
    const int partEnd = split.part == KvPart::Sinks ? shape.sinkSlots : shape.slots();
    const int count = std::min(split.groups * KV_GROUP, partEnd - first);
    const auto unitOf = [&](int kvHead, int at) { // of its first query head
        return static_cast<std::ptrdiff_t>(kvHead * splits + at) * call.groupHeads;
    };
    for (int kvHead = 0; kvHead < call.kvHeads; ++kvHead) {
        const bool isLast = kvHead + 1 == call.kvHeads;
        const int nextSplit = std::min(splitIndex + 1, splits - 1);
        const std::ptrdiff_t next = isLast ? unitOf(0, nextSplit) : unitOf(kvHead + 1, splitIndex);
        for (int row = 0; row < call.groupHeads; row += ROWS_AT_ONCE) {
            const int rows = std::min(ROWS_AT_ONCE, call.groupHeads - row);
            const std::ptrdiff_t index = unitOf(kvHead, splitIndex) + row;
            const float* weights = m_weights + index * SPLIT_SLOTS;
            float shares[ROWS_AT_ONCE];
            for (int i = 0; i < rows; ++i)
                shares[i] = shareOf(m_parts[static_cast<std::size_t>(index + i)].sums,
                                    m_totals[static_cast<std::size_t>(kvHead * call.groupHeads + row + i)]);
            if (!capture.slotMass.empty())
                m_kernels.addScaledRows(capture.slotMass.data() + first, weights, SPLIT_SLOTS, shares, rows,
                                        count, m_weights + (next + row) * SPLIT_SLOTS);
            for (int i = 0; i < rows && !capture.rows.empty(); ++i) {
                const std::ptrdiff_t head = kvHead * call.groupHeads + row + i;
                m_kernels.addScaled(capture.rows.data() + head * shape.slots() + first,
                                    weights + i * SPLIT_SLOTS, shares[i], count);
            }
        }
    }
}

} // namespace kernels
