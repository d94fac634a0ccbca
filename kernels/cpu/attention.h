#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/attend_splits.h"
#include "kernels/cpu/huge_memory.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/thread_pool.h"

#include <cstdint>
#include <vector>

namespace kernels {

/// Attention of one query: work is divided into (KV head, split) units, whose results the caller merges. Keys
/// and values are read once for all query heads of a KV head.
class DecodeAttention {
public:
    DecodeAttention(ThreadPool& pool, Isa isa);
    /// Returns the bytes of keys and values read. `capture` may be null.
    std::uint64_t run(const AttendCall& call, int token, const AttentionCapture* capture);

private:
    /// What a unit leaves of one query head.
    struct Part {
        RowSums sums;
        float recent; // weight of the newest slots
        float slot0;  // weight of slot 0 of the cache
    };

    void reserve(const AttendCall& call);
    float* weightsOf(const AttendCall& call, int unit, int worker, bool kept) const;
    void listRecent(const AttendCall& call, int token, int keys);
    void runUnit(const AttendCall& call, int token, int unit, int worker, float* weights,
                 const AttentionCapture* capture);
    void captureUnit(const AttendCall& call, const AttendSplit& split, const float* weights,
                     Part* parts) const;
    RowSums mergeHead(const AttendCall& call, int token, int head);
    HeadStats statsOf(const AttendCall& call, int head, const RowSums& total);
    void addWeights(const AttendCall& call, int splitIndex, const AttentionCapture& capture) const;

    ThreadPool& m_pool;
    const AttendKernels& m_kernels;
    std::vector<AttendSplit> m_splits;
    std::vector<KeyRun> m_recent;  // the newest keys of the ring, for a capture
    std::vector<Part> m_parts;     // (units, groupHeads); unit = kvHead * splits + split
    std::vector<RowSums> m_totals; // (heads)
    HugeMemory m_scratch;
    float* m_partOut = nullptr; // (units, groupHeads, paddedDim)
    float* m_weights =
        nullptr; // (units, groupHeads, SPLIT_SLOTS) when kept, else (workers, groupHeads, SPLIT_SLOTS)
    float* m_headOut = nullptr;   // (paddedDim)
    float* m_distances = nullptr; // (workers, SPLIT_SLOTS)
};

/// Attention of many queries: work is divided into (KV head, tile of tokens) units. A tile goes through the
/// splits in order, turns a panel of keys or values into float32 once and uses it for all its rows; a Q8_0 part is multiplied
/// as it is.
class PrefillAttention {
public:
    PrefillAttention(ThreadPool& pool, Isa isa);
    /// The first `tokens` queries of the call. Returns the bytes of keys and values read.
    std::uint64_t run(const AttendCall& call, int tokens);

private:
    struct Tile { // the scratch of one worker
        std::vector<AttendSplit> splits;
        HugeMemory memory;
        float* queries = nullptr;             // (rotations, rows, headDim)
        float* distances = nullptr;           // (SPLIT_SLOTS)
        float* scores = nullptr;              // (rows, SPLIT_SLOTS)
        float* panel = nullptr;               // keys or values of PANEL_GROUPS groups
        float* part = nullptr;                // (rows, paddedDim)
        float* out = nullptr;                 // (rows, paddedDim)
        std::vector<RowSums> sums, splitSums; // (rows)
        std::vector<std::uint16_t> masks;     // (tokens, SPLIT_GROUPS)
        std::uint64_t bytesRead = 0;
    };

    void reserve(const AttendCall& call, int tokens);
    void runTile(const AttendCall& call, int kvHead, int firstToken, int tokens, Tile& tile) const;
    void gatherQueries(const AttendCall& call, int kvHead, int firstToken, int tokens, Tile& tile) const;
    void takeSplit(const AttendCall& call, const AttendSplit& split, int kvHead, int firstToken, int rows,
                   Tile& tile) const;
    void styleScores(const AttendCall& call, const AttendSplit& split, int kvHead, int firstToken, int rows,
                     Tile& tile) const;
    void scorePanels(const AttendCall& call, const AttendSplit& split, const KvRun& run, int rows,
                     Tile& tile) const;
    void sumPanels(const AttendSplit& split, const KvRun& run, int rows, Tile& tile) const;

    ThreadPool& m_pool;
    const AttendKernels& m_kernels;
    std::vector<Tile> m_tiles; // one for each worker
};

/// Backend::attend. One thread at a time; nothing is allocated after the first calls of a size. The result of
/// a query is the same bit for bit alone or in a batch, with or without capture, with any number of threads.
class Attention {
public:
    Attention(ThreadPool& pool, Isa isa) : m_pool(pool), m_decode(pool, isa), m_prefill(pool, isa) {}
    void run(const AttendArgs& args, const KeyView& view);
    /// Bytes of keys and values read since the last call.
    std::uint64_t takeBytesRead();

private:
    ThreadPool& m_pool;
    DecodeAttention m_decode;
    PrefillAttention m_prefill;
    std::vector<Matrix> m_queries; // of the call that runs
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels
