#include "engine/reading_chunk.h"

#include "engine/model.h"

#include <algorithm>

namespace engine {
namespace {

constexpr int MostTokens = 256, FewestTokens = 16;
constexpr int FewestTokensOfCard = 128; // two tiles of a product
constexpr double LayerMultiplications = 1.5e9;

int chunkFor(double weights, bool isCard) {
    const int fewest = isCard ? FewestTokensOfCard : FewestTokens;
    int chunk = MostTokens;
    while (chunk > fewest && chunk * weights > LayerMultiplications)
        chunk /= 2;
    return chunk;
}

double weightsOfLayer(const ModelConfig& c) {
    return double{2} * c.dim * c.headDim * (c.heads + c.kvHeads) +
           double{3} * c.dim * (c.ffnDim + c.experts.used * c.experts.ffnDim);
}

bool isOnACard(const Model& model) {
    return !model.otherBackend && model.backend->info().isDiscrete;
}

} // namespace

int readingChunk(const Model& model) {
    return chunkFor(weightsOfLayer(model.config), isOnACard(model));
}

int scoringChunk(const Model& model) {
    const ModelConfig& c = model.config;
    return std::min(readingChunk(model), chunkFor(1.0 * c.dim * c.vocabulary, isOnACard(model)));
}

int readingChunk(const ModelConfig& config, const kernels::DeviceInfo& device) {
    return chunkFor(weightsOfLayer(config), device.isDiscrete);
}

int largestChunk(const ModelConfig& config) {
    return chunkFor(weightsOfLayer(config), true);
}

} // namespace engine
