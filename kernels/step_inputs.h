#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace kernels {

/// Keys in neighbouring slots that one query sees, and how it turns to them. Sinks, the ring (two runs where it wraps), a layer's window,
/// pinned and recalled text are all runs; there is no other mask. A slot is in one run of a query at most, and a run lies either in
/// the pinned slots of the cache or in its ring.
struct KeyRun {
    std::int32_t firstSlot = 0; // in the cache, 0 .. slots-1
    std::int32_t count = 0;
    std::int32_t query = 0; // which of AttendArgs::queries meets these keys
    std::int64_t distance =
        0; // from the query back to the first key, in positions inside the cache; the next key is one nearer
};

/// What every token of a step sees: runs[firstRun[i]] up to runs[firstRun[i + 1]] are token i's, oldest keys first.
struct KeyView {
    std::span<const KeyRun> runs = {};
    std::span<const std::int32_t> firstRun = {}; // (nTokens + 1), ascending from 0

    std::size_t tokens() const { return firstRun.empty() ? 0 : firstRun.size() - 1; }
    std::span<const KeyRun> of(std::size_t token) const {
        const auto first = static_cast<std::size_t>(firstRun[token]),
                   end = static_cast<std::size_t>(firstRun[token + 1]);
        return runs.subspan(first, end - first);
    }
};

/// Everything that changes from step to step, as numbers in the host's memory: a device uploads it once, in begin(), and operations name
/// tables and views by their place here. The spans, and what they span, stay as they are until wait(), or until the last operation of a
/// step that is never submitted.
struct StepInputs {
    std::span<const std::int32_t> tokens = {}; // (nTokens) rows of the embedding
    std::span<const std::int32_t> slots = {};  // (nTokens) of the cache, each at most once
    /// Tables of angles, each (nTokens, ropeDim) as cos, sin pairs, computed in double; ropeDim may differ from table to table. One that
    /// no operation of the step names may be empty.
    std::span<const std::span<const float>> angles = {};
    std::span<const KeyView> views = {}; // one for each way of looking back: full, each window
    /// Columns whose logits topLogits() gives by themselves and leaves out of the largest, each at most once.
    std::span<const std::int32_t> listed = {};
};

} // namespace kernels
