#include "kernels/cpu/attend_splits.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kernels {
namespace {

struct Range { // of slots in one part
    int first, end;

    // Bits of the slots [slot, slot + 16) that lie in the range.
    std::uint16_t bits(int slot) const {
        const int from = std::clamp(first - slot, 0, KV_GROUP), to = std::clamp(end - slot, 0, KV_GROUP);
        return static_cast<std::uint16_t>((1u << to) - (1u << from));
    }
    bool covers(int from, int to) const { return first <= from && to <= end; }
    bool touches(int from, int to) const { return first < to && from < end; }
};

int firstSlotOf(const KvShape& shape, KvPart part) {
    return part == KvPart::Sinks ? 0 : shape.sinkSlots;
}

Range rangeOf(const KvShape& shape, const KeyRun& run, KvPart part) {
    const int first = run.firstSlot - firstSlotOf(shape, part);
    return {first, first + run.count};
}

bool liesIn(const KvShape& shape, const KeyRun& run, KvPart part) {
    return (run.firstSlot < shape.sinkSlots) == (part == KvPart::Sinks);
}

void appendSplits(const KvShape& shape, std::span<const KeyRuns> views, KvPart part, int query,
                  std::vector<AttendSplit>& splits) {
    const int slots = part == KvPart::Sinks ? shape.sinkSlots : shape.ringSlots;
    for (int index = 0; index * SPLIT_SLOTS < slots; ++index) {
        std::uint16_t all[SPLIT_GROUPS] = {}, masks[SPLIT_GROUPS];
        for (const KeyRuns runs : views) {
            if (!splitMasks(shape, runs, part, query, index, masks))
                continue;
            for (int group = 0; group < SPLIT_GROUPS; ++group)
                all[group] = static_cast<std::uint16_t>(all[group] | masks[group]);
        }
        const auto visible = [](std::uint16_t mask) { return mask != 0; };
        const auto first = std::find_if(std::begin(all), std::end(all), visible);
        if (first == std::end(all))
            continue;
        const auto last = std::find_if(std::rbegin(all), std::rend(all), visible).base();
        AttendSplit& split = splits.emplace_back();
        split.part = part;
        split.query = query;
        split.index = index;
        split.firstMask = static_cast<int>(first - std::begin(all));
        split.firstGroup = index * SPLIT_GROUPS + split.firstMask;
        split.groups = static_cast<int>(last - first);
        std::copy(first, last, split.masks);
    }
}

} // namespace

AttendCall::AttendCall(const AttendArgs& arguments)
    : args(arguments), cache(static_cast<const CpuKvCache&>(*arguments.cache)),
      kvHeads(cache.shape().kvHeads), headDim(cache.shape().headDim),
      paddedDim(cache.layout(KvPart::Ring).paddedDim) {
    heads = static_cast<int>(args.out.cols) / headDim;
    groupHeads = heads / kvHeads;
    assert(args.out.cols == static_cast<std::int64_t>(groupHeads) * kvHeads * headDim);
    assert(!args.queries.empty());
    for ([[maybe_unused]] const Tensor& query : args.queries)
        assert(query.rows == args.out.rows && query.cols == args.out.cols);
    assert(args.runs.size() == static_cast<std::size_t>(args.out.rows));
    assert(args.layer >= 0 && args.layer < cache.shape().layers);
    for (const KeyRuns runs : args.runs) {
        for ([[maybe_unused]] const KeyRun& run : runs) {
            const bool pinned = run.firstSlot < cache.shape().sinkSlots;
            assert(run.firstSlot >= 0 && run.count >= 0 && run.query >= 0 &&
                   run.query < static_cast<int>(args.queries.size()));
            assert(run.firstSlot + run.count <= (pinned ? cache.shape().sinkSlots : cache.shape().slots()));
        }
    }
}

KvRun AttendCall::run(KvPart part, int kvHead) const {
    const KvLayout& layout = cache.layout(part);
    return {layout.type,
            layout.headDim,
            layout.paddedDim,
            layout.blocks,
            cache.keys(args.layer, part, kvHead),
            cache.values(args.layer, part, kvHead),
            layout.keyGroupBytes,
            layout.valueGroupBytes,
            cache.keys(args.layer, part, kvHead)};
}

void AttendCall::style(const AttendKernels& kernels, int head, const float* distances, float* scores,
                       int count) const {
    if (args.style.softcap > 0)
        kernels.softcap(scores, args.style.softcap * LOG2_E, count);
    if (args.style.slopes)
        kernels.addScaled(scores, distances, -LOG2_E * args.style.slopes->tensor().data[head], count);
}

RowSums AttendCall::startOf(int head) const {
    if (!args.style.sinkLogits)
        return {-INFINITY, 0.0f, 0.0f};
    return {LOG2_E * args.style.sinkLogits->tensor().data[head], 1.0f, 0.0f};
}

int AttendSplit::firstSlot(const KvShape& shape) const {
    return firstGroup * KV_GROUP + firstSlotOf(shape, part);
}

bool splitMasks(const KvShape& shape, KeyRuns runs, KvPart part, int query, int index, std::uint16_t* masks) {
    const int first = index * SPLIT_SLOTS, end = first + SPLIT_SLOTS;
    bool any = false;
    std::fill(masks, masks + SPLIT_GROUPS, std::uint16_t{0});
    for (const KeyRun& run : runs) {
        if (run.query != query || !liesIn(shape, run, part))
            continue;
        const Range range = rangeOf(shape, run, part);
        if (range.covers(first, end)) {
            std::fill(masks, masks + SPLIT_GROUPS, std::uint16_t{0xFFFF});
            return true;
        }
        if (!range.touches(first, end))
            continue;
        any = true;
        for (int group = 0; group < SPLIT_GROUPS; ++group)
            masks[group] = static_cast<std::uint16_t>(masks[group] | range.bits(first + group * KV_GROUP));
    }
    return any;
}

void splitDistances(const KvShape& shape, KeyRuns runs, const AttendSplit& split, float* distances) {
    const int first = split.firstGroup * KV_GROUP, end = first + split.groups * KV_GROUP;
    std::fill(distances, distances + (end - first), 0.0f);
    for (const KeyRun& run : runs) {
        if (run.query != split.query || !liesIn(shape, run, split.part))
            continue;
        const Range range = rangeOf(shape, run, split.part);
        for (int slot = std::max(first, range.first); slot < std::min(end, range.end); ++slot)
            distances[slot - first] = static_cast<float>(run.distance - (slot - range.first));
    }
}

void listSplits(const KvShape& shape, std::span<const KeyRuns> views, int queries,
                std::vector<AttendSplit>& splits) {
    splits.clear();
    for (const KvPart part : {KvPart::Sinks, KvPart::Ring})
        for (int query = 0; query < queries; ++query)
            appendSplits(shape, views, part, query, splits);
}

} // namespace kernels
