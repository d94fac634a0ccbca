#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/attend_kernels.h"
#include "kernels/cpu/kv_store.h"

#include <cstdint>
#include <span>
#include <vector>

namespace kernels {

/// One call of Backend::attend, with its shapes worked out.
struct AttendCall {
    explicit AttendCall(const AttendArgs& arguments);

    const AttendArgs& args;
    const CpuKvCache& cache;
    int heads;
    int kvHeads;
    int groupHeads; // query heads of one KV head
    int headDim;
    int paddedDim;

    KvRun run(KvPart part, int kvHead) const;
};

/// A split of one part of the cache that some query sees.
struct AttendSplit {
    KvPart part;
    int index;                         // in its part
    int firstGroup;                    // in its part: the first one with a visible slot
    int groups;                        // up to the last one with a visible slot
    std::uint16_t masks[SPLIT_GROUPS]; // of `groups` groups: slots that any of the queries sees
    int firstMask;                     // firstGroup, counted from the start of the split

    int firstSlot(const KvShape& shape) const; // in the cache, of firstGroup
};

/// Visible slots of every group of a split for one query; false when there are none.
bool splitMasks(const KvShape& shape, const QueryView& view, KvPart part, int index, std::uint16_t* masks);

/// The splits that these queries see, sinks first and then the ring from its first slot on. Clears `splits`.
void listSplits(const KvShape& shape, std::span<const QueryView> views, std::vector<AttendSplit>& splits);

} // namespace kernels
