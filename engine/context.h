#pragma once
#include "engine/attention_frame.h"
#include "engine/forward_pass.h"
#include "engine/logits.h"
#include "engine/model.h"
#include "engine/sink_cache.h"
#include "engine/types.h"

#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace engine {

struct ContextOptions {
    CacheMode mode = CacheMode::Streaming; // Recompute is engine/recompute.h
    int sinks = 4;                         // Dense and Window have none
    int window = 0; // ring tokens; Dense: all tokens. 0 = ModelConfig::usualCacheTokens() - sinks
    kernels::KvType ringType = kernels::KvType::F16;
    kernels::KvType sinkType = kernels::KvType::F16;
    int maxChunk = 256; // tokens per forward pass while reading
    int inFlight = 0;   // newest tokens that can be taken back, at least maxChunk; saved states fit no other
    StreamPosition ringStart = 0; // see SinkCache::Shape
};

/// One stream of tokens through a model: a KvCache and its SinkCache. Engine thread. Holding several (a chat, a comparison) is fine; they
/// share the model's weights, backend and executor, one call at a time, and know nothing of each other.
class Context {
public:
    Context(std::shared_ptr<const Model> model, const ContextOptions& options);
    ~Context();

    /// Reads tokens in chunks; the same logits as one by one. Returns logits (rows, vocabulary), valid until the next call for this context: none, the
    /// last token's, or every token's (then tokens.size() <= maxChunk). `capture` null = not looked at, else a frame from prepareFrame()
    /// with its level set: filled for the last token. Stops between layers when asked: then the unfinished chunk is taken back and the
    /// result is empty. Throws engine::Error when a dense cache has no room for all of them.
    std::span<const float> feed(std::span<const TokenId> tokens, LogitsWanted wanted,
                                AttentionFrame* capture = nullptr, std::stop_token stop = {});
    /// As feed() with the last token's logits, of which no more than `top` is brought from a device that keeps them to itself.
    Logits feedForTop(std::span<const TokenId> tokens, const TopWanted& top,
                      AttentionFrame* capture = nullptr, std::stop_token stop = {});

    SinkCache& cache();
    const SinkCache& cache() const;
    const kernels::KvCache& keysAndValues() const;
    const Model& model() const;
    std::shared_ptr<const Model> sharedModel() const;
    const ContextOptions& options() const; // window resolved
    std::size_t cacheBytes() const;

    /// The whole state of the stream, whatever the device; restore() needs the same model and options and throws engine::Error if they are
    /// not.
    std::vector<std::byte> save() const;
    void restore(std::span<const std::byte> state);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
