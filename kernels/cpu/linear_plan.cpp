#include "kernels/cpu/linear_plan.h"

#include "kernels/cpu/linear_store.h"

namespace kernels {
namespace {

constexpr int sliceTiles = LinearScratch::sliceTiles;
constexpr int wordSliceTiles = 18; // multiplied at a time, straight from the packed form: 18 KiB
constexpr std::int64_t activationCacheBytes = 256 * 1024;
constexpr int chunksPerThread = 12;
// Of weights, with one token: a microsecond of one core's bandwidth, and what somebody who is held up may cost.
constexpr std::int64_t smallestChunkBytes = 16 * 1024, largestChunkBytes = 128 * 1024;

bool isPlain(const MatrixJob& job) {
    return packed(job).format().kind == FormatKind::Plain;
}
int typeIndex(const PackedWeight& weight) {
    return static_cast<int>(weight.format().type);
}
int kindIndex(const PackedWeight& weight) {
    return static_cast<int>(weight.format().kind);
}
int tileIndex(int tokens) {
    return std::bit_width(static_cast<unsigned>(tokens - 1));
}

} // namespace

int chunksOfOne(std::int64_t bytes, std::int64_t groups, int threads) {
    const std::int64_t most = std::max<std::int64_t>(chunksPerThread * threads, bytes / largestChunkBytes);
    const std::int64_t wanted = std::min(bytes / smallestChunkBytes, most);
    return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, groups));
}

std::size_t LinearScratch::bytesFor(std::int64_t tokens) {
    return (sizeof(LinearScratch) + static_cast<std::size_t>(tokens) * groupRows * sizeof(float) + 63) / 64 *
           64;
}

/// Cuts the tokens into blocks whose activations stay in the second-level cache while the groups pass by.
void LinearPlan::cut(int threads, std::int64_t weightBytes, std::int64_t tokenBytes) {
    const std::int64_t fitting =
        std::max(activationCacheBytes / tokenBytes / blockOfTiles, std::int64_t{1}) * blockOfTiles;
    blockTokens = std::min(fitting, tokens);
    tokenBlocks = static_cast<int>((tokens + blockTokens - 1) / blockTokens);
    if (tokens == 1) {
        groupChunks = chunksOfOne(weightBytes, groups, threads);
        return;
    }
    const std::int64_t byBytes = weightBytes / smallestChunkBytes * std::min<std::int64_t>(tokens, 16);
    const std::int64_t wanted = std::min<std::int64_t>(byBytes, chunksPerThread * threads);
    groupChunks = static_cast<int>(std::clamp<std::int64_t>(wanted, 1, groups));
}

ActivationForm LinearPlan::formOf(const MatrixJob& job) const {
    const Format& format = packed(job).format();
    if (format.kind == FormatKind::Words) {
        return ActivationForm::Words;
    }
    if (floatOnly) {
        return ActivationForm::Floats;
    }
    if (format.kind != FormatKind::Plain) {
        return ActivationForm::Int8;
    }
    return kernels->pairs != nullptr && format.type != DType::F32 ? ActivationForm::Pairs
                                                                  : ActivationForm::Floats;
}

/// The product of one token straight from the packed form; null if there is none.
MatVec* LinearPlan::matVecOf(const MatrixJob& job, ActivationForm form) const {
    switch (form) {
    case ActivationForm::Words:
        return kernels->words->matVec;
    case ActivationForm::Pairs:
        return nullptr;
    case ActivationForm::Int8:
        break;
    case ActivationForm::Floats:
        if (!isPlain(job)) {
            return nullptr;
        }
        break;
    }
    return kernels->matVec[typeIndex(packed(job))];
}

void LinearPlan::runChunk(int chunk, LinearScratch& scratch) const {
    const std::int64_t firstToken = chunk / groupChunks * blockTokens;
    const std::int64_t lastToken = std::min(tokens, firstToken + blockTokens);
    const int range = chunk % groupChunks;
    const std::int64_t first = groups * range / groupChunks;
    const std::int64_t last = groups * (range + 1) / groupChunks;
    std::int64_t jobFirst = 0;
    for (const MatrixJob& job : jobs) {
        const std::int64_t jobLast = jobFirst + packed(job).groups();
        const std::int64_t from = std::max(first, jobFirst);
        const std::int64_t to = std::min(last, jobLast);
        if (from < to) {
            runGroups(job, from - jobFirst, to - jobFirst, firstToken, lastToken, scratch);
        }
        jobFirst = jobLast;
    }
}

void LinearPlan::runGroups(const MatrixJob& job, std::int64_t first, std::int64_t last,
                           std::int64_t firstToken, std::int64_t lastToken, LinearScratch& scratch) const {
    const ActivationForm form = formOf(job);
    if (tokens == 1 && matVecOf(job, form) != nullptr) {
        matVec(job, form, first, last);
        return;
    }
    for (std::int64_t group = first; group < last; ++group) {
        switch (form) {
        case ActivationForm::Int8:
            int8Group(job, {group, firstToken, lastToken}, scratch);
            break;
        case ActivationForm::Words:
            wordGroup(job, {group, firstToken, lastToken}, scratch);
            break;
        case ActivationForm::Pairs:
            pairGroup(job, {group, firstToken, lastToken}, scratch);
            break;
        case ActivationForm::Floats:
            floatGroup(job, {group, firstToken, lastToken}, scratch);
            break;
        }
    }
}

void LinearPlan::matVec(const MatrixJob& job, ActivationForm form, std::int64_t first,
                        std::int64_t last) const {
    constexpr std::int64_t atOnce = 16;
    const PackedWeight& weight = packed(job);
    MatVec* const multiply = matVecOf(job, form);
    const std::byte* const activations = form == ActivationForm::Int8 ? int8
                                         : form == ActivationForm::Words
                                             ? words
                                             : reinterpret_cast<const std::byte*>(floats);
    const std::int64_t pieces = isPlain(job) ? cols : cols / tileColumns;
    alignas(64) float sums[atOnce * groupRows];
    for (std::int64_t group = first; group < last; group += atOnce) {
        const std::int64_t count = std::min(atOnce, last - group);
        multiply(weight.group(group), weight.groupBytes(), count, pieces, activations, sums);
        for (std::int64_t i = 0; i < count; ++i) {
            store(job, group + i, 0, 1, sums + i * groupRows);
        }
    }
}

/// Calls multiply(token, tokens, sums) for the tiles of a block, with a part of the weights' columns. A tile's sums begin at
/// zero, and after the last part they are written while they are in the first-level cache, to lines asked for before.
template <class Multiply>
void LinearPlan::forEachTile(const MatrixJob& job, const Block& block, int largest, Columns columns,
                             float* sums, Multiply multiply) const {
    const bool firstPart = columns.first == 0, lastPart = columns.end == columns.all;
    for (std::int64_t token = block.firstToken; token < block.lastToken;) {
        const int inTile = tileTokens(token, block.lastToken, largest);
        if (lastPart) {
            prefetchOutput(job, block.group, token, token + inTile);
        }
        if (firstPart) {
            std::fill_n(sums, inTile * groupRows, 0.0f);
        }
        multiply(token, inTile, sums);
        if (lastPart) {
            store(job, block.group, token, inTile, sums);
        }
        token += inTile;
        if (!firstPart || !lastPart) { // else the next tile may use the same
            sums += inTile * groupRows;
        }
    }
}

void LinearPlan::int8Group(const MatrixJob& job, const Block& block, LinearScratch& scratch) const {
    const PackedWeight& weight = packed(job);
    const std::int64_t tiles = cols / tileColumns;
    for (std::int64_t tile = 0; tile < tiles; tile += sliceTiles) {
        const int count = static_cast<int>(std::min<std::int64_t>(sliceTiles, tiles - tile));
        kernels->expand[typeIndex(weight)](weight.group(block.group), tiles, tile, count, scratch.tiles);
        const Products& products = kernels->product[typeIndex(weight)];
        forEachTile(job, block, kernels->maxTokens, {tile, tile + count, tiles}, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        products.byTokens[tileIndex(inTile)](
                            scratch.tiles, count, int8 + (token * tiles + tile * inTile) * activationBytes,
                            sums);
                    });
    }
}

void LinearPlan::wordGroup(const MatrixJob& job, const Block& block, LinearScratch& scratch) const {
    const PackedWeight& weight = packed(job);
    const Format& format = weight.format();
    const std::int64_t tiles = cols / tileColumns;
    const std::byte* const quants = weight.group(block.group);
    const std::byte* const exponents = quants + format.quantBytesOf(cols);
    for (std::int64_t tile = 0; tile < tiles; tile += wordSliceTiles) {
        const int count = static_cast<int>(std::min<std::int64_t>(wordSliceTiles, tiles - tile));
        forEachTile(job, block, kernels->words->maxTokens, {tile, tile + count, tiles}, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        kernels->words->product[tileIndex(inTile)](
                            quants + tile * format.quantBytes, exponents + tile * format.auxBytes, count,
                            words + (token * tiles + tile * inTile) * wordActivationBytes, sums);
                    });
    }
}

void LinearPlan::pairGroup(const MatrixJob& job, const Block& block, LinearScratch& scratch) const {
    const PackedWeight& weight = packed(job);
    const std::int64_t rowPairs = (cols + 1) / 2;
    for (std::int64_t column = 0; column < cols; column += panelColumns) {
        const std::int64_t columns = std::min<std::int64_t>(panelColumns, cols - column);
        kernels->pairs->weights[typeIndex(weight)](
            weight.group(block.group) + column * weight.format().quantBytes, columns, scratch.pairs);
        forEachTile(job, block, kernels->maxTokens, {column, column + columns, cols}, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        kernels->pairs->product[tileIndex(inTile)](
                            scratch.pairs, (columns + 1) / 2, pairs + token * rowPairs + column / 2 * inTile,
                            sums);
                    });
    }
}

void LinearPlan::floatGroup(const MatrixJob& job, const Block& block, LinearScratch& scratch) const {
    const PackedWeight& weight = packed(job);
    for (std::int64_t column = 0; column < cols; column += panelColumns) {
        const std::int64_t columns = std::min<std::int64_t>(panelColumns, cols - column);
        const float* const panel = floatPanel(weight, block.group, column, columns, scratch);
        forEachTile(job, block, kernels->maxTokens, {column, column + columns, cols}, scratch.sums,
                    [&](std::int64_t token, int inTile, float* sums) {
                        kernels->floatProduct[tileIndex(inTile)](
                            panel, columns, floats + token * cols + column * inTile, sums);
                    });
    }
}

/// Columns [firstColumn, firstColumn + columns) of a group as float32 [column][16].
const float* LinearPlan::floatPanel(const PackedWeight& weight, std::int64_t group, std::int64_t firstColumn,
                                    std::int64_t columns, LinearScratch& scratch) const {
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

} // namespace kernels
