#include "kernels/cpu/attention.h"

#include <algorithm>

namespace kernels {
namespace {

constexpr int PANEL_GROUPS = 4; // 64 slots of 64 dimensions are 16 KiB: a third of a first-level cache
constexpr int TILE_ROWS =
    96; // enough to make turning a panel into float32 cheap; its scores stay in the second-level cache

int tokensOfTile(const AttendCall& call, int tokens, int threads) {
    const int fitting = std::max(1, TILE_ROWS / call.groupHeads);
    const int sharing =
        (tokens * call.kvHeads + 4 * threads - 1) / (4 * threads); // four tiles for each thread
    return std::clamp(sharing, 1, fitting);
}

} // namespace

PrefillAttention::PrefillAttention(ThreadPool& pool, Isa isa)
    : m_pool(pool), m_kernels(attendKernels(isa)), m_tiles(static_cast<std::size_t>(pool.threads())) {}

void PrefillAttention::reserve(const AttendCall& call, int tokens) {
    const std::size_t rows = static_cast<std::size_t>(tokens * call.groupHeads);
    const std::size_t dim = static_cast<std::size_t>(call.headDim),
                      padded = static_cast<std::size_t>(call.paddedDim);
    const std::size_t panel = std::size_t{PANEL_GROUPS} * KV_GROUP * padded;
    const std::size_t rotations = call.queries.size();
    const std::size_t floats = rows * (rotations * dim + SPLIT_SLOTS + 2 * padded) + panel + SPLIT_SLOTS;
    for (Tile& tile : m_tiles) {
        if (tile.memory.size() < floats * sizeof(float))
            tile.memory = HugeMemory(floats * sizeof(float));
        tile.panel = reinterpret_cast<float*>(tile.memory.data());
        tile.scores = tile.panel + panel;
        tile.part = tile.scores + rows * SPLIT_SLOTS;
        tile.out = tile.part + rows * padded;
        tile.distances = tile.out + rows * padded;
        tile.queries = tile.distances + SPLIT_SLOTS;
        tile.sums.resize(rows);
        tile.splitSums.resize(rows);
        tile.masks.resize(static_cast<std::size_t>(tokens) * SPLIT_GROUPS);
        tile.bytesRead = 0;
    }
}

std::uint64_t PrefillAttention::run(const AttendCall& call, int tokens) {
    const int tileTokens = tokensOfTile(call, tokens, m_pool.threads());
    const int tiles = (tokens + tileTokens - 1) / tileTokens;
    reserve(call, tileTokens);
    m_pool.run(call.kvHeads * tiles, [&](int unit, int worker) {
        const int first = unit % tiles * tileTokens;
        runTile(call, unit / tiles, first, std::min(tileTokens, tokens - first),
                m_tiles[static_cast<std::size_t>(worker)]);
    });
    std::uint64_t bytes = 0;
    for (const Tile& tile : m_tiles)
        bytes += tile.bytesRead;
    return bytes;
}

void PrefillAttention::runTile(const AttendCall& call, int kvHead, int firstToken, int tokens,
                               Tile& tile) const {
    const KvShape& shape = call.cache.shape();
    const KeyView view = call.viewOf(firstToken, tokens);
    const int rows = tokens * call.groupHeads;
    gatherQueries(call, kvHead, firstToken, tokens, tile);
    listSplits(shape, view, static_cast<int>(call.queries.size()), tile.splits);
    for (int row = 0; row < rows; ++row)
        tile.sums[static_cast<std::size_t>(row)] =
            call.startOf(kvHead * call.groupHeads + row % call.groupHeads);
    std::fill(tile.out, tile.out + static_cast<std::ptrdiff_t>(rows) * call.paddedDim, 0.0f);
    for (const AttendSplit& split : tile.splits) {
        for (int token = 0; token < tokens; ++token)
            splitMasks(shape, view.of(static_cast<std::size_t>(token)), split.part, split.query, split.index,
                       tile.masks.data() + token * SPLIT_GROUPS);
        takeSplit(call, split, kvHead, firstToken, rows, tile);
    }
    for (int row = 0; row < rows; ++row) {
        const int token = firstToken + row / call.groupHeads,
                  head = kvHead * call.groupHeads + row % call.groupHeads;
        const float sum = tile.sums[static_cast<std::size_t>(row)].sum;
        float* out = tile.out + static_cast<std::ptrdiff_t>(row) * call.paddedDim;
        m_kernels.scaleRow(out, sum > 0 ? 1.0f / sum : 0.0f, call.paddedDim);
        std::copy(out, out + call.headDim, call.out.data + token * call.out.cols + head * call.headDim);
    }
}

void PrefillAttention::gatherQueries(const AttendCall& call, int kvHead, int firstToken, int tokens,
                                     Tile& tile) const {
    const std::ptrdiff_t width = static_cast<std::ptrdiff_t>(call.groupHeads) * call.headDim;
    for (int token = 0; token < tokens; ++token) {
        const std::int64_t offset = (firstToken + token) * call.out.cols + kvHead * width;
        for (std::size_t query = 0; query < call.queries.size(); ++query)
            std::copy_n(call.queries[query].data + offset, width,
                        tile.queries + (static_cast<std::ptrdiff_t>(query) * tokens + token) * width);
    }
}

void PrefillAttention::styleScores(const AttendCall& call, const AttendSplit& split, int kvHead,
                                   int firstToken, int rows, Tile& tile) const {
    for (int row = 0; row < rows; ++row) {
        const int token = row / call.groupHeads, head = row % call.groupHeads;
        if (head == 0 && call.slopes)
            splitDistances(call.cache.shape(), call.view.of(static_cast<std::size_t>(firstToken + token)),
                           split, tile.distances);
        call.style(m_kernels, kvHead * call.groupHeads + head, tile.distances,
                   tile.scores + row * SPLIT_SLOTS, split.groups * KV_GROUP);
    }
}

void PrefillAttention::takeSplit(const AttendCall& call, const AttendSplit& split, int kvHead, int firstToken,
                                 int rows, Tile& tile) const {
    const KvRun run = call.run(split.part, kvHead);
    scorePanels(call, split, run, rows, tile);
    if (call.isStyled())
        styleScores(call, split, kvHead, firstToken, rows, tile);
    for (int row = 0; row < rows; ++row) {
        const std::uint16_t* masks =
            tile.masks.data() + row / call.groupHeads * SPLIT_GROUPS + split.firstMask;
        tile.splitSums[static_cast<std::size_t>(row)] =
            m_kernels.softmax(tile.scores + row * SPLIT_SLOTS, masks, split.groups);
    }
    sumPanels(split, run, rows, tile);
    for (int row = 0; row < rows; ++row) {
        const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(row) * call.paddedDim;
        m_kernels.merge(tile.sums[static_cast<std::size_t>(row)], tile.out + offset,
                        tile.splitSums[static_cast<std::size_t>(row)], tile.part + offset, call.paddedDim);
    }
    tile.bytesRead += static_cast<std::uint64_t>(split.groups) * (run.keyGroupBytes + run.valueGroupBytes);
}

void PrefillAttention::scorePanels(const AttendCall& call, const AttendSplit& split, const KvRun& run,
                                   int rows, Tile& tile) const {
    const float* queries = tile.queries + static_cast<std::ptrdiff_t>(split.query) * rows * call.headDim;
    const float scale = call.scale * LOG2_E;
    if (run.type == KvType::Q8_0) // multiplied as it is
        return m_kernels.scores(run, split.firstGroup, split.groups, queries, call.headDim, rows, scale,
                                tile.scores);
    KvRun panel = run;
    panel.type = KvType::F32;
    panel.keys = reinterpret_cast<const std::byte*>(tile.panel);
    panel.keyGroupBytes = static_cast<std::size_t>(run.headDim) * KV_GROUP * sizeof(float);
    for (int group = 0; group < split.groups; group += PANEL_GROUPS) {
        const int groups = std::min(PANEL_GROUPS, split.groups - group);
        m_kernels.expand(run.type,
                         run.keys + static_cast<std::size_t>(split.firstGroup + group) * run.keyGroupBytes,
                         groups * KV_GROUP * run.headDim, tile.panel);
        m_kernels.scores(panel, 0, groups, queries, call.headDim, rows, scale,
                         tile.scores + group * KV_GROUP);
    }
}

void PrefillAttention::sumPanels(const AttendSplit& split, const KvRun& run, int rows, Tile& tile) const {
    if (run.type == KvType::Q8_0)
        return m_kernels.weightedSum(run, split.firstGroup, split.masks, split.groups, tile.scores, rows,
                                     tile.part, Write::Replace);
    KvRun panel = run;
    panel.type = KvType::F32;
    panel.values = reinterpret_cast<const std::byte*>(tile.panel);
    panel.valueGroupBytes = static_cast<std::size_t>(run.paddedDim) * KV_GROUP * sizeof(float);
    for (int group = 0; group < split.groups; group += PANEL_GROUPS) {
        const int groups = std::min(PANEL_GROUPS, split.groups - group);
        m_kernels.expand(
            run.type, run.values + static_cast<std::size_t>(split.firstGroup + group) * run.valueGroupBytes,
            groups * KV_GROUP * run.paddedDim, tile.panel);
        m_kernels.weightedSum(panel, 0, split.masks + group, groups, tile.scores + group * KV_GROUP, rows,
                              tile.part, group == 0 ? Write::Replace : Write::Add);
    }
}

} // namespace kernels
