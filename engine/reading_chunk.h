#pragma once
#include "engine/model_config.h"

namespace kernels {
struct DeviceInfo;
}

namespace engine {

class Model;

/// How many tokens to give a model at once. On the CPU, and on devices that are not much faster, a stop, which is noticed between two layers,
/// then comes well within 100 ms on two cores. A card that holds all layers gets at least 128: it is not busy with fewer.
int readingChunk(const Model& model);
/// The same where the logits of every token are wanted: the projection to the vocabulary is one layer more.
int scoringChunk(const Model& model);

/// For a model whose layers are all on this device.
int readingChunk(const ModelConfig& config, const kernels::DeviceInfo& device);
/// On any device: what a chat's cache has room for, so that it can go from one to the other.
int largestChunk(const ModelConfig& config);

} // namespace engine
