#pragma once
#include "engine/model_config.h"

namespace engine {

/// How many tokens to give a model at once, so that a stop, which is noticed between two layers, comes well within 100 ms on two cores.
int readingChunk(const ModelConfig& config);
/// The same where the logits of every token are wanted: the projection to the vocabulary is one layer more.
int scoringChunk(const ModelConfig& config);

} // namespace engine
