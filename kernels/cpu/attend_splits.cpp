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

void appendSplits(const KvShape& shape, const KeyView& view, KvPart part, int query,
                  std::vector<AttendSplit>& splits) {
    const int slots = part == KvPart::Sinks ? shape.sinkSlots : shape.ringSlots;
    for (int index = 0; index * SPLIT_SLOTS < slots; ++index) {
        std::uint16_t all[SPLIT_GROUPS] = {}, masks[SPLIT_GROUPS];
        for (std::size_t token = 0; token < view.tokens(); ++token) {
            if (!splitMasks(shape, view.of(token), part, query, index, masks))
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

AttendCall::AttendCall(const AttendArgs& args, const KeyView& seen, std::vector<Matrix>& matrices)
    : cache(static_cast<const CpuKvCache&>(*args.cache)), layer(args.layer), view(seen),
      out(matrixOf(args.out)), scale(args.style.scale), softcap(args.style.softcap),
      slopes(numbersOf(args.style.slopes)), sinkLogits(numbersOf(args.style.sinkLogits)) {
    const KvShape& shape = cache.shape();
    assert(layer >= 0 && layer < static_cast<int>(shape.layers.size()));
    kvHeads = shape.layer(layer).kvHeads;
    headDim = shape.layer(layer).headDim;
    paddedDim = cache.layout(layer, KvPart::Ring).paddedDim;
    heads = static_cast<int>(out.cols) / headDim;
    groupHeads = heads / kvHeads;
    assert(out.cols == static_cast<std::int64_t>(groupHeads) * kvHeads * headDim);
    assert(view.tokens() == static_cast<std::size_t>(out.rows));
    matrices.clear();
    for (const Tensor& query : args.queries) {
        assert(query.rows == out.rows && query.cols == out.cols);
        matrices.push_back(matrixOf(query));
    }
    queries = matrices;
    assert(!queries.empty());
    for ([[maybe_unused]] const KeyRun& run : view.runs) {
        [[maybe_unused]] const int end = run.firstSlot < shape.sinkSlots ? shape.sinkSlots : shape.slots();
        assert(run.firstSlot >= 0 && run.count >= 0 && run.firstSlot + run.count <= end);
        assert(run.query >= 0 && run.query < static_cast<int>(queries.size()));
    }
}

KvRun AttendCall::run(KvPart part, int kvHead) const {
    const KvLayout& layout = cache.layout(layer, part);
    return {layout.type,
            layout.headDim,
            layout.paddedDim,
            layout.blocks,
            cache.keys(layer, part, kvHead),
            cache.values(layer, part, kvHead),
            layout.keyGroupBytes,
            layout.valueGroupBytes,
            cache.keys(layer, part, kvHead)};
}

void AttendCall::style(const AttendKernels& kernels, int head, const float* distances, float* scores,
                       int count) const {
    if (softcap > 0)
        kernels.softcap(scores, softcap * LOG2_E, count);
    if (slopes)
        kernels.addScaled(scores, distances, -LOG2_E * slopes[head], count);
}

RowSums AttendCall::startOf(int head) const {
    if (!sinkLogits)
        return {-INFINITY, 0.0f, 0.0f};
    return {LOG2_E * sinkLogits[head], 1.0f, 0.0f};
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

void listSplits(const KvShape& shape, const KeyView& view, int queries, std::vector<AttendSplit>& splits) {
    splits.clear();
    for (const KvPart part : {KvPart::Sinks, KvPart::Ring})
        for (int query = 0; query < queries; ++query)
            appendSplits(shape, view, part, query, splits);
}

} // namespace kernels
