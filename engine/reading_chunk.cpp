#include "engine/reading_chunk.h"

#include <algorithm>

namespace engine {
namespace {

constexpr int MostTokens = 256, FewestTokens = 16;
constexpr double LayerMultiplications = 1.5e9;

int chunkFor(double weights) {
    int chunk = MostTokens;
    while (chunk > FewestTokens && chunk * weights > LayerMultiplications)
        chunk /= 2;
    return chunk;
}

} // namespace

int readingChunk(const ModelConfig& c) {
    return chunkFor(double{2} * c.dim * c.headDim * (c.heads + c.kvHeads) +
                    double{3} * c.dim * (c.ffnDim + c.experts.used * c.experts.ffnDim));
}

int scoringChunk(const ModelConfig& c) {
    return std::min(readingChunk(c), chunkFor(double{1} * c.dim * c.vocabulary));
}

} // namespace engine
