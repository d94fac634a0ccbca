#pragma once
#include "engine/types.h"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace engine {

class Context;
class Model;

/// Teacher-forced reading of one text by one mode in a cache of its own, a few tokens at a time so that a chat can go on between the
/// steps. Engine thread (or the command line).
struct EvaluationOptions {
    CacheMode mode = CacheMode::Streaming;
    int sinks = 4;
    int window = 508;
    int chunk = 64;
    StreamPosition ringStart = 0;
    kernels::KvType ringType = kernels::KvType::F16;
    kernels::KvType sinkType = kernels::KvType::F16;
    /// Put in front of the text, each encoded by itself: four "\n" are four tokens, and as the first ones they are the sinks.
    std::vector<std::string> front;
};

class Evaluation {
public:
    Evaluation(std::shared_ptr<const Model> model, const EvaluationOptions& options,
               std::vector<TokenId> tokens);
    ~Evaluation();
    /// Reads the next chunk; false when the text is done (or a dense cache is full). A stop is noticed between two layers; then nothing of
    /// that chunk has happened, and it is true. Recomputing takes many chunks for a token.
    bool step(const std::stop_token& stop = {});
    /// -log p(token[i+1] | token[..i]) in nats for every token read so far; size grows to tokens.size() - 1.
    const std::vector<float>& negativeLogLikelihoods() const;
    std::size_t position() const; // tokens read
    Context* context();           // null in Recompute mode
    /// Share of attention on the first token, mean over all heads, by the last token of the newest chunk; -1: not in view, or not
    /// looked at.
    float firstTokenShare() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
