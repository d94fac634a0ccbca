#include "kernels/cpu/linear.h"

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_store.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <memory>
#include <utility>

namespace kernels {
namespace {

constexpr int sliceTiles = 32; // expanded at a time: 22 KiB, stays in the first-level cache
constexpr std::int64_t activationCacheBytes = 256 * 1024;
constexpr int chunksPerThread = 12;
// Of weights, with one token: a microsecond of one core's bandwidth, and what somebody who is held up may cost.
constexpr std::int64_t smallestChunkBytes = 16 * 1024, largestChunkBytes = 128 * 1024;

const PackedWeight& packed(const LinearJob& job) {
    return *static_cast<const PackedWeight*>(job.weight);
}
bool isPlain(const LinearJob& job) {
    return packed(job).format().kind == FormatKind::Plain;
}
int typeIndex(const PackedWeight& weight) {
    return static_cast<int>(weight.format().type);
}
int kindIndex(const PackedWeight& weight) {
    return static_cast<int>(weight.format().kind);
}

/// The tokens of the tile that begins at `first` when tokens [first, end) are left.
int tileTokens(std::int64_t first, std::int64_t end, int largest) {
    const auto left = static_cast<std::uint64_t>(std::min<std::int64_t>(end - first, largest));
    return static_cast<int>(std::bit_floor(left));
}
int tileIndex(int tokens) {
    return std::countr_zero(static_cast<unsigned>(tokens));
}

/// In how many chunks the groups are cut for one token.
int chunksOfOne(std::int64_t bytes, std::int64_t groups, int threads) {
    const std::int64_t most = std::max<std::int64_t>(chunksPerThread * threads, bytes / largestChunkBytes);
    const std::int64_t wanted = std::min(bytes / smallestChunkBytes, most);
    return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, groups));
}

/// What one worker needs beside the sums: tiles in the common form and a panel of float weights.
struct Scratch {
    ExpandedTile tiles[sliceTiles];
    alignas(64) float panel[panelColumns * groupRows];
    alignas(64) std::uint32_t pairs[panelColumns / 2 * groupRows];
    alignas(64) float sums[1]; // [tokens of a block][16] follow
};

std::size_t scratchBytes(std::int64_t tokens) {
    return (sizeof(Scratch) + static_cast<std::size_t>(tokens) * groupRows * sizeof(float) + 63) / 64 * 64;
}

} // namespace

/// What the activations are for a job.
enum class Linear::Form { Int8, Pairs, Floats };

/// How one call of run() is cut: chunks = token blocks x ranges of groups, the groups of all jobs counted
/// through.
struct Linear::Plan {
    std::span<const LinearJob> jobs;
    std::int64_t tokens = 0;
    std::int64_t cols = 0;
    std::int64_t blockTokens = 0;
    std::int64_t groups = 0;
    int groupChunks = 0;
    int tokenBlocks = 0;
    const std::byte* int8 = nullptr;
    const std::uint32_t* pairs = nullptr;
    const float* floats = nullptr;
    const LinearKernels* kernels = nullptr;
    bool floatOnly = false;

    void cut(int threads, std::int64_t bytes, Inputs inputs);
    Form formOf(const LinearJob& job) const;

    void runChunk(int chunk, Scratch& scratch) const;
    void runGroups(const LinearJob& job, std::int64_t first, std::int64_t last, std::int64_t firstToken,
                   std::int64_t lastToken, Scratch& scratch) const;
    void matVec(const LinearJob& job, std::int64_t first, std::int64_t last) const;
    template <class Multiply>
    void forEachTile(const LinearJob& job, std::int64_t group, std::int64_t firstToken,
                     std::int64_t lastToken, bool lastPart, float* sums, Multiply multiply) const;
    void int8Group(const LinearJob& job, std::int64_t group, std::int64_t firstToken, std::int64_t lastToken,
                   Scratch& scratch) const;
    void pairGroup(const LinearJob& job, std::int64_t group, std::int64_t firstToken, std::int64_t lastToken,
                   Scratch& scratch) const;
    void floatGroup(const LinearJob& job, std::int64_t group, std::int64_t firstToken, std::int64_t lastToken,
                    Scratch& scratch) const;
    const float* floatPanel(const PackedWeight& weight, std::int64_t group, std::int64_t firstColumn,
                            std::int64_t columns, Scratch& scratch) const;
};

/// Cuts the tokens into blocks whose activations stay in the second-level cache while the groups pass by.
void Linear::Plan::cut(int threads, std::int64_t bytes, Inputs inputs) {
    const std::int64_t bytesPerToken = inputs.floats  ? cols * 4
                                       : inputs.pairs ? cols * 2
                                                      : cols * activationBytes / tileColumns;
    const std::int64_t fitting = std::max<std::int64_t>(activationCacheBytes / bytesPerToken / 16 * 16, 16);
    blockTokens = std::min(fitting, tokens);
    tokenBlocks = static_cast<int>((tokens + blockTokens - 1) / blockTokens);
    if (tokens == 1) {
        groupChunks = chunksOfOne(bytes, groups, threads);
        return;
    }
    const std::int64_t byBytes = bytes / smallestChunkBytes * std::min<std::int64_t>(tokens, 16);
    const std::int64_t wanted = std::min<std::int64_t>(byBytes, chunksPerThread * threads);
    groupChunks = static_cast<int>(std::clamp<std::int64_t>(wanted, 1, groups));
}

Linear::Form Linear::Plan::formOf(const LinearJob& job) const {
    if (floatOnly) {
        return Form::Floats;
    }
    if (!isPlain(job)) {
        return Form::Int8;
    }
    return kernels->pairWeights[typeIndex(packed(job))] != nullptr ? Form::Pairs : Form::Floats;
}

void Linear::Plan::runChunk(int chunk, Scratch& scratch) const {
    const std::int64_t firstToken = chunk / groupChunks * blockTokens;
    const std::int64_t lastToken = std::min(tokens, firstToken + blockTokens);
    const int range = chunk % groupChunks;
    const std::int64_t first = groups * range / groupChunks;
    const std::int64_t last = groups * (range + 1) / groupChunks;
    std::int64_t jobFirst = 0;
    for (const LinearJob& job : jobs) {
        const std::int64_t jobLast = jobFirst + packed(job).groups();
        const std::int64_t from = std::max(first, jobFirst);
        const std::int64_t to = std::min(last, jobLast);
        if (from < to) {
            runGroups(job, from - jobFirst, to - jobFirst, firstToken, lastToken, scratch);
        }
        jobFirst = jobLast;
    }
}

void Linear::Plan::runGroups(const LinearJob& job, std::int64_t first, std::int64_t last,
                             std::int64_t firstToken, std::int64_t lastToken, Scratch& scratch) const {
    const Form form = formOf(job);
    const bool straight = form == Form::Int8 || (form == Form::Floats && isPlain(job));
    if (tokens == 1 && straight && kernels->matVec[typeIndex(packed(job))] != nullptr) {
        matVec(job, first, last);
        return;
    }
    for (std::int64_t group = first; group < last; ++group) {
        std::fill_n(scratch.sums, (lastToken - firstToken) * groupRows, 0.0f);
        if (form == Form::Int8) {
            int8Group(job, group, firstToken, lastToken, scratch);
        } else if (form == Form::Pairs) {
            pairGroup(job, group, firstToken, lastToken, scratch);
        } else {
            floatGroup(job, group, firstToken, lastToken, scratch);
        }
    }
}

void Linear::Plan::matVec(const LinearJob& job, std::int64_t first, std::int64_t last) const {
    constexpr std::int64_t atOnce = 16;
    const PackedWeight& weight = packed(job);
    const bool plain = isPlain(job);
    const std::byte* const activations = plain ? reinterpret_cast<const std::byte*>(floats) : int8;
    alignas(64) float sums[atOnce * groupRows];
    for (std::int64_t group = first; group < last; group += atOnce) {
        const std::int64_t count = std::min(atOnce, last - group);
        kernels->matVec[typeIndex(weight)](weight.group(group), weight.groupBytes(), count,
                                           plain ? cols : cols / tileColumns, activations, sums);
        for (std::int64_t i = 0; i < count; ++i) {
            store(job, group + i, 0, 1, sums + i * groupRows);
        }
    }
}

/// Calls multiply(token, tokens, sums) for the tiles of a block, with a part of the weights' columns. After the last
/// part a tile's sums are written while they are in the first-level cache, to lines asked for before.
template <class Multiply>
void Linear::Plan::forEachTile(const LinearJob& job, std::int64_t group, std::int64_t firstToken,
                               std::int64_t lastToken, bool lastPart, float* sums, Multiply multiply) const {
    for (std::int64_t token = firstToken; token < lastToken;) {
        const int inTile = tileTokens(token, lastToken, kernels->maxTokens);
        if (lastPart) {
            prefetchOutput(job, group, token, token + inTile);
        }
        multiply(token, inTile, sums);
        if (lastPart) {
            store(job, group, token, inTile, sums);
        }
        token += inTile;
        sums += inTile * groupRows;
    }
}

void Linear::Plan::int8Group(const LinearJob& job, std::int64_t group, std::int64_t firstToken,
                             std::int64_t lastToken, Scratch& scratch) const {
    const PackedWeight& weight = packed(job);
    const std::int64_t tiles = cols / tileColumns;
    for (std::int64_t tile = 0; tile < tiles; tile += sliceTiles) {
        const int count = static_cast<int>(std::min<std::int64_t>(sliceTiles, tiles - tile));
        kernels->expand[typeIndex(weight)](weight.group(group), tiles, tile, count, scratch.tiles);
        const Products& products = kernels->product[typeIndex(weight)];
        forEachTile(job, group, firstToken, lastToken, tile + count == tiles, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        products.byTokens[tileIndex(inTile)](
                            scratch.tiles, count, int8 + (token * tiles + tile * inTile) * activationBytes,
                            sums);
                    });
    }
}

void Linear::Plan::pairGroup(const LinearJob& job, std::int64_t group, std::int64_t firstToken,
                             std::int64_t lastToken, Scratch& scratch) const {
    const PackedWeight& weight = packed(job);
    const std::int64_t rowPairs = (cols + 1) / 2;
    for (std::int64_t column = 0; column < cols; column += panelColumns) {
        const std::int64_t columns = std::min<std::int64_t>(panelColumns, cols - column);
        kernels->pairWeights[typeIndex(weight)](weight.group(group) + column * weight.format().quantBytes,
                                                columns, scratch.pairs);
        forEachTile(job, group, firstToken, lastToken, column + columns == cols, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        kernels->pairProduct[tileIndex(inTile)](
                            scratch.pairs, (columns + 1) / 2, pairs + token * rowPairs + column / 2 * inTile,
                            sums);
                    });
    }
}

void Linear::Plan::floatGroup(const LinearJob& job, std::int64_t group, std::int64_t firstToken,
                              std::int64_t lastToken, Scratch& scratch) const {
    const PackedWeight& weight = packed(job);
    for (std::int64_t column = 0; column < cols; column += panelColumns) {
        const std::int64_t columns = std::min<std::int64_t>(panelColumns, cols - column);
        const float* const panel = floatPanel(weight, group, column, columns, scratch);
        forEachTile(job, group, firstToken, lastToken, column + columns == cols, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        kernels->floatProduct[tileIndex(inTile)](
                            panel, columns, floats + token * cols + column * inTile, sums);
                    });
    }
}

/// Columns [firstColumn, firstColumn + columns) of a group as float32 [column][16].
const float* Linear::Plan::floatPanel(const PackedWeight& weight, std::int64_t group,
                                      std::int64_t firstColumn, std::int64_t columns,
                                      Scratch& scratch) const {
    const Format& format = weight.format();
    const std::byte* const source = weight.group(group);
    if (format.kind == FormatKind::Plain) {
        kernels->widen[typeIndex(weight)](source + firstColumn * format.quantBytes, columns, scratch.panel);
        return scratch.panel;
    }
    const int count = static_cast<int>(columns / tileColumns);
    kernels->expand[typeIndex(weight)](source, cols / tileColumns, firstColumn / tileColumns, count,
                                       scratch.tiles);
    for (int tile = 0; tile < count; ++tile) {
        kernels->dequantise[kindIndex(weight)](scratch.tiles[tile], format.zeroPoint,
                                               scratch.panel + tile * tileColumns * groupRows);
    }
    return scratch.panel;
}

Linear::Linear(ThreadPool& pool, Isa isa, ActivationPrecision precision)
    : m_pool(pool), m_kernels(linearKernels(isa)), m_precision(precision) {}

/// Brings x into the tiles that the kernels read, in m_int8, m_pairs and m_floats.
void Linear::prepareActivations(Tensor x, Residual residual, Inputs inputs) {
    const std::int64_t blocks = x.cols / tileColumns;
    const std::int64_t pairs = (x.cols + 1) / 2;
    if (inputs.int8) {
        m_int8.resize(std::max(m_int8.size(), static_cast<std::size_t>(x.rows * blocks * activationBytes)));
    }
    if (inputs.pairs) {
        m_pairs.resize(std::max(m_pairs.size(), static_cast<std::size_t>(x.rows * pairs)));
    }
    if (inputs.floats) {
        m_floats.resize(std::max(m_floats.size(), static_cast<std::size_t>(x.rows * x.cols)));
    }
    const std::int64_t largest = m_kernels.maxTokens;
    const auto tile = [&](std::int64_t token, int tokens) {
        const float* const source = x.data + token * x.cols;
        if (inputs.pairs) {
            m_kernels.pairActivations(source, x.cols, tokens, x.cols, m_pairs.data() + token * pairs);
        }
        if (inputs.int8) {
            m_kernels.quantise(source, x.cols, tokens, blocks, residual,
                               m_int8.data() + token * blocks * activationBytes);
        }
        for (int t = 0; inputs.floats && t < tokens; ++t) {
            float* const out = m_floats.data() + token * x.cols + t;
            for (std::int64_t column = 0; column < x.cols; ++column) {
                out[column * tokens] = source[t * x.cols + column];
            }
        }
    };
    const std::int64_t fullTiles = (x.rows + largest - 1) / largest;
    m_pool.run(static_cast<int>(fullTiles), [&](int index, int) {
        const std::int64_t end = std::min(x.rows, (index + 1) * largest);
        for (std::int64_t token = index * largest; token < end;) {
            const int tokens = tileTokens(token, end, m_kernels.maxTokens);
            tile(token, tokens);
            token += tokens;
        }
    });
}

void Linear::run(Tensor x, std::span<const LinearJob> jobs, Residual residual) {
    if (x.rows == 0 || jobs.empty()) {
        return;
    }
    Plan plan;
    plan.jobs = jobs;
    plan.tokens = x.rows;
    plan.cols = x.cols;
    plan.kernels = &m_kernels;
    plan.floatOnly = m_precision == ActivationPrecision::Float32;
    std::size_t bytes = 0;
    Inputs inputs;
    for (const LinearJob& job : jobs) {
        assert(packed(job).cols() == x.cols && job.out.rows == x.rows && job.out.cols == packed(job).rows());
        plan.groups += packed(job).groups();
        bytes += packed(job).bytes();
        const Form form = plan.formOf(job);
        (form == Form::Int8 ? inputs.int8 : form == Form::Pairs ? inputs.pairs : inputs.floats) = true;
    }
    prepareActivations(x, residual, inputs);
    plan.int8 = m_int8.data();
    plan.pairs = m_pairs.data();
    plan.floats = m_floats.data();

    plan.cut(m_pool.threads(), static_cast<std::int64_t>(bytes), inputs);

    const std::size_t perWorker = scratchBytes(plan.blockTokens);
    const std::size_t needed = perWorker * static_cast<std::size_t>(m_pool.threads()) + 64;
    if (m_scratch.size() < needed) {
        m_scratch.resize(needed);
    }
    void* base = m_scratch.data();
    std::size_t space = m_scratch.size();
    std::align(64, needed - 64, base, space);
    m_pool.run(plan.groupChunks * plan.tokenBlocks, [&](int chunk, int worker) {
        std::byte* const own = static_cast<std::byte*>(base) + perWorker * static_cast<std::size_t>(worker);
        plan.runChunk(chunk, *reinterpret_cast<Scratch*>(own));
    });
    m_bytesRead += bytes;
}

void Linear::expect(std::span<const Weight* const> weights) {
    if (m_pool.threads() == 1) {
        return; // nobody ever waits
    }
    std::int64_t groups = 0, bytes = 0;
    for (const Weight* weight : weights) {
        groups += static_cast<const PackedWeight*>(weight)->groups();
        bytes += static_cast<std::int64_t>(weight->bytes());
    }
    const int chunks = chunksOfOne(bytes, groups, m_pool.threads());
    for (int worker = 0; worker < m_pool.threads(); ++worker) {
        std::int64_t first = groups * m_pool.firstChunk(worker, chunks) / chunks;
        for (const Weight* weight : weights) {
            const PackedWeight& holder = *static_cast<const PackedWeight*>(weight);
            if (first < holder.groups()) {
                m_pool.expect(worker, holder.group(first));
                break;
            }
            first -= holder.groups();
        }
    }
}

std::uint64_t Linear::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels
