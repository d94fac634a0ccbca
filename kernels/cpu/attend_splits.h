#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/attend_kernels.h"
#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/kv_store.h"

#include <cstdint>
#include <span>
#include <vector>

namespace kernels {

/// One call of Backend::attend, with its handles followed and its shapes worked out.
struct AttendCall {
    /// `matrices` is memory for the queries.
    AttendCall(const AttendArgs& args, const KeyView& seen, std::vector<Matrix>& matrices);

    const CpuKvCache& cache;
    int layer;
    KeyView view;
    std::span<const Matrix> queries; // by KeyRun::query
    Matrix out;
    float scale, softcap;
    const float* slopes;     // (heads) or null
    const float* sinkLogits; // (heads) or null
    int heads;
    int kvHeads;
    int groupHeads; // query heads of one KV head
    int headDim;
    int paddedDim;

    KvRun run(KvPart part, int kvHead) const;
    /// Of some tokens.
    KeyView viewOf(int first, int tokens) const {
        return {view.runs,
                view.firstRun.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(tokens) + 1)};
    }
    /// Does style() anything?
    bool isStyled() const { return softcap > 0 || slopes; }
    /// Scores of one head over `count` slots (a multiple of 16), in powers of 2, before the softmax. `distances` are read only where
    /// the style has slopes.
    void style(const AttendKernels& kernels, int head, const float* distances, float* scores,
               int count) const;
    /// What the softmax of a head begins with: nothing, or its learned sink.
    RowSums startOf(int head) const;
};

using KeyRuns = std::span<const KeyRun>; // what one query sees

/// A split of one part of the cache as one rotation of some query sees it.
struct AttendSplit {
    KvPart part;
    int query;                         // of AttendArgs::queries
    int index;                         // in its part
    int firstGroup;                    // in its part: the first one with a visible slot
    int groups;                        // up to the last one with a visible slot
    std::uint16_t masks[SPLIT_GROUPS]; // of `groups` groups: slots that any of the queries sees
    int firstMask;                     // firstGroup, counted from the start of the split

    int firstSlot(const KvShape& shape) const; // in the cache, of firstGroup
};

/// Slots of every group of a split that one query sees with one of its rotations; false when there are none.
bool splitMasks(const KvShape& shape, KeyRuns runs, KvPart part, int query, int index, std::uint16_t* masks);

/// How far back each slot of `split` is from a query, 0 where it sees none: groups * 16 numbers.
void splitDistances(const KvShape& shape, KeyRuns runs, const AttendSplit& split, float* distances);

/// The splits that these queries see: pinned slots first and then the ring, each from its first slot on. Clears `splits`.
void listSplits(const KvShape& shape, const KeyView& view, int queries, std::vector<AttendSplit>& splits);

} // namespace kernels
