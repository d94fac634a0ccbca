#include "kernels/cpu/attend_splits.h"

#include <algorithm>
#include <cassert>

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

// A ring's visible slots are one range or, across its end, two.
struct Ranges {
    Range main, wrapped;
};

Ranges rangesOf(const KvShape& shape, const QueryView& view, KvPart part) {
    if (part == KvPart::Sinks)
        return {{0, view.sinkCount}, {0, 0}};
    const int end = view.ringFirst + view.ringCount;
    return {{view.ringFirst, std::min(end, shape.ringSlots)}, {0, std::max(end - shape.ringSlots, 0)}};
}

void appendSplits(const KvShape& shape, std::span<const QueryView> views, KvPart part,
                  std::vector<AttendSplit>& splits) {
    const int slots = part == KvPart::Sinks ? shape.sinkSlots : shape.ringSlots;
    for (int index = 0; index * SPLIT_SLOTS < slots; ++index) {
        std::uint16_t all[SPLIT_GROUPS] = {}, masks[SPLIT_GROUPS];
        for (const QueryView& view : views) {
            if (!splitMasks(shape, view, part, index, masks))
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
    assert(args.ringQuery.rows == args.out.rows && args.ringQuery.cols == args.out.cols);
    assert(args.sinkQuery.rows == args.out.rows && args.sinkQuery.cols == args.out.cols);
    assert(args.views.size() == static_cast<std::size_t>(args.out.rows));
    assert(args.layer >= 0 && args.layer < cache.shape().layers);
    for ([[maybe_unused]] const QueryView& view : args.views) {
        assert(view.sinkCount >= 0 && view.sinkCount <= cache.shape().sinkSlots);
        assert(view.ringCount >= 0 && view.ringCount <= cache.shape().ringSlots);
        assert(view.ringFirst >= 0 && view.ringFirst <= cache.shape().ringSlots);
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

int AttendSplit::firstSlot(const KvShape& shape) const {
    return firstGroup * KV_GROUP + (part == KvPart::Ring ? shape.sinkSlots : 0);
}

bool splitMasks(const KvShape& shape, const QueryView& view, KvPart part, int index, std::uint16_t* masks) {
    const Ranges ranges = rangesOf(shape, view, part);
    const int first = index * SPLIT_SLOTS, end = first + SPLIT_SLOTS;
    if (ranges.main.covers(first, end) || ranges.wrapped.covers(first, end)) {
        std::fill(masks, masks + SPLIT_GROUPS, std::uint16_t{0xFFFF});
        return true;
    }
    if (!ranges.main.touches(first, end) && !ranges.wrapped.touches(first, end)) {
        std::fill(masks, masks + SPLIT_GROUPS, std::uint16_t{0});
        return false;
    }
    for (int group = 0; group < SPLIT_GROUPS; ++group) {
        const int slot = first + group * KV_GROUP;
        masks[group] = static_cast<std::uint16_t>(ranges.main.bits(slot) | ranges.wrapped.bits(slot));
    }
    return true;
}

void listSplits(const KvShape& shape, std::span<const QueryView> views, std::vector<AttendSplit>& splits) {
    splits.clear();
    appendSplits(shape, views, KvPart::Sinks, splits);
    appendSplits(shape, views, KvPart::Ring, splits);
}

} // namespace kernels
