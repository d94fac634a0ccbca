#include "engine/context.h"

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/step.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace engine {
namespace {

ContextOptions resolve(const ModelConfig& config, ContextOptions options) {
    assert(options.mode != CacheMode::Recompute);
    if (options.mode != CacheMode::Streaming)
        options.sinks = 0;
    if (options.window <= 0)
        options.window = defaultWindow(config.usualCacheTokens(), options.sinks);
    options.maxChunk = std::max(1, options.maxChunk);
    options.inFlight = std::max(options.maxChunk, options.inFlight);
    return options;
}

SinkCache::Shape shapeOf(const ContextOptions& options) {
    return {options.sinks, options.window, options.inFlight, options.mode == CacheMode::Dense,
            options.ringStart};
}

std::vector<kernels::KvLayer> kvLayers(const ModelConfig& config) {
    std::vector<kernels::KvLayer> layers;
    for (const LayerConfig& layer : config.layerConfigs)
        layers.push_back({layer.kvHeads, layer.headDim});
    return layers;
}

} // namespace

struct Context::Impl {
    Impl(std::shared_ptr<const Model> owner, const ContextOptions& wanted)
        : model(std::move(owner)), options(resolve(model->config, wanted)), cache(shapeOf(options)),
          step(model->config, options.sinks + options.window + 1, options.maxChunk) {
        const ModelConfig& c = model->config;
        model->executor->reserve(options.maxChunk);
        keysAndValues = model->executor->makeKvCache({.layers = kvLayers(c),
                                                      .sinkSlots = options.sinks,
                                                      .ringSlots = cache.ringSlots(),
                                                      .sinkType = options.sinkType,
                                                      .ringType = options.ringType});
        lastLogits = model->backend->makeBuffer(1, c.vocabulary);
        places.reserve(static_cast<std::size_t>(options.maxChunk));
    }

    std::shared_ptr<const Model> model;
    ContextOptions options;
    SinkCache cache;
    Step step;
    std::unique_ptr<kernels::KvCache> keysAndValues;
    std::vector<Place> places;
    // Its own, so that they stand while another context is fed.
    std::unique_ptr<kernels::Buffer> lastLogits; // (1, vocabulary)
    std::unique_ptr<kernels::Buffer> allLogits;  // (maxChunk, vocabulary), made when first wanted

    // Of feedForTop().
    bool readsInPlace = model->backend->info().readsInPlace;
    std::vector<kernels::Logit> largest, apart;
    std::vector<float> listed;

    struct Wanted {
        LogitsWanted rows;
        kernels::TopLogits* top = nullptr; // of the last token's logits
        std::span<const TokenId> listed = {};
    };
    kernels::Tensor logits(LogitsWanted wanted, std::size_t tokens);
    bool feedAll(std::span<const TokenId> tokens, const Wanted& wanted, AttentionFrame* capture,
                 const std::stop_token& stop);
    bool feedChunk(std::span<const TokenId> tokens, const Wanted& wanted, AttentionFrame* capture,
                   const std::stop_token& stop);
};

Context::Context(std::shared_ptr<const Model> model, const ContextOptions& options)
    : m_impl(std::make_unique<Impl>(std::move(model), options)) {}

Context::~Context() = default;

std::span<const float> Context::feed(std::span<const TokenId> tokens, LogitsWanted wanted,
                                     AttentionFrame* capture, std::stop_token stop) {
    Impl& s = *m_impl;
    if (!s.feedAll(tokens, {wanted}, capture, stop) || wanted == LogitsWanted::None)
        return {};
    return s.model->backend->read(s.logits(wanted, tokens.size()));
}

Logits Context::feedForTop(std::span<const TokenId> tokens, const TopWanted& top, AttentionFrame* capture,
                           std::stop_token stop) {
    Impl& s = *m_impl;
    kernels::Backend& backend = *s.model->backend;
    if (top.count <= 0 || top.count >= s.model->config.vocabulary || s.readsInPlace)
        return feed(tokens, LogitsWanted::Last, capture, stop);
    s.largest.resize(static_cast<std::size_t>(top.count));
    s.listed.resize(top.apart.size());
    kernels::TopLogits found{s.largest, s.listed};
    if (!s.feedAll(tokens, {LogitsWanted::Last, &found, top.apart}, capture, stop))
        return {};
    s.apart.clear();
    for (std::size_t i = 0; i < top.apart.size(); ++i)
        s.apart.push_back({top.apart[i], s.listed[i]});
    std::erase_if(s.largest, [](const kernels::Logit& logit) { return logit.id < 0; });
    return {backend, s.lastLogits->tensor(), {s.largest, s.apart, found.logSumExp}};
}

bool Context::Impl::feedAll(std::span<const TokenId> tokens, const Wanted& wanted, AttentionFrame* capture,
                            const std::stop_token& stop) {
    const auto chunk = static_cast<std::size_t>(options.maxChunk);
    assert(wanted.rows != LogitsWanted::All || tokens.size() <= chunk);
    if (tokens.size() > static_cast<std::size_t>(std::max(0, cache.room())))
        throw Error("The cache is full: without a rolling window no more text fits.");
    while (!tokens.empty()) {
        const bool last = tokens.size() <= chunk;
        const auto now = tokens.first(std::min(chunk, tokens.size()));
        if (!feedChunk(now, last ? wanted : Wanted{LogitsWanted::None}, last ? capture : nullptr, stop))
            return false;
        tokens = tokens.subspan(now.size());
    }
    return true;
}

kernels::Tensor Context::Impl::logits(LogitsWanted wanted, std::size_t tokens) {
    if (wanted == LogitsWanted::None)
        return {};
    if (wanted == LogitsWanted::Last)
        return lastLogits->tensor();
    if (!allLogits)
        allLogits = model->backend->makeBuffer(options.maxChunk, model->config.vocabulary);
    return allLogits->tensor().rowRange(0, static_cast<std::int64_t>(tokens));
}

bool Context::Impl::feedChunk(std::span<const TokenId> tokens, const Wanted& wanted, AttentionFrame* capture,
                              const std::stop_token& stop) {
    const SinkCache::Mark before = cache.mark();
    cache.append(static_cast<int>(tokens.size()), places);
    if (capture != nullptr)
        describeFrame(*capture, *model, cache, places.back());
    bool finished = false;
    try {
        step.set(tokens, places, keysAndValues->shape());
        step.list(wanted.listed);
        finished = model->executor->run({.step = step,
                                         .cache = *keysAndValues,
                                         .wanted = wanted.rows,
                                         .logits = logits(wanted.rows, tokens.size()),
                                         .top = wanted.top,
                                         .capture = capture},
                                        stop);
    } catch (...) {
        cache.rollBack(before);
        throw;
    }
    // The slots it wrote held nothing that was still visible.
    if (!finished)
        cache.rollBack(before);
    else if (capture != nullptr)
        finishFrame(*capture);
    return finished;
}

SinkCache& Context::cache() {
    return m_impl->cache;
}
const SinkCache& Context::cache() const {
    return m_impl->cache;
}
const kernels::KvCache& Context::keysAndValues() const {
    return *m_impl->keysAndValues;
}
const Model& Context::model() const {
    return *m_impl->model;
}
std::shared_ptr<const Model> Context::sharedModel() const {
    return m_impl->model;
}
const ContextOptions& Context::options() const {
    return m_impl->options;
}
std::size_t Context::cacheBytes() const {
    return m_impl->keysAndValues->bytes();
}

namespace {

// In front of what KvCache::save() gives. A change of either's meaning is a new version.
struct SavedHeader {
    char magic[8] = {'S', 'U', 'M', 'I', 'S', 'T', 'R', '3'};
    std::uint64_t model = 0; // Model::identity
    std::int64_t next = 0, oldest = 0, ringStart = 0;
    std::int32_t sinks = 0, window = 0, maxChunk = 0, dense = 0;
    std::int32_t sinkType = 0, ringType = 0; // kernels::KvType
    bool operator==(const SavedHeader&) const = default;
};

SavedHeader headerOf(const Model& model, const ContextOptions& options, const SinkCache& cache) {
    const SinkCache::Shape& shape = cache.shape();
    return {.model = model.identity,
            .next = cache.next(),
            .oldest = cache.oldest(),
            .ringStart = shape.ringStart,
            .sinks = shape.sinks,
            .window = shape.window,
            .maxChunk = shape.maxChunk,
            .dense = shape.dense ? 1 : 0,
            .sinkType = static_cast<std::int32_t>(options.sinkType),
            .ringType = static_cast<std::int32_t>(options.ringType)};
}

} // namespace

std::vector<std::byte> Context::save() const {
    const SavedHeader header = headerOf(*m_impl->model, m_impl->options, m_impl->cache);
    const std::vector<std::byte> body = m_impl->keysAndValues->save();
    std::vector<std::byte> state(sizeof header + body.size());
    std::memcpy(state.data(), &header, sizeof header);
    std::copy(body.begin(), body.end(), state.begin() + sizeof header);
    return state;
}

void Context::restore(std::span<const std::byte> state) {
    SavedHeader header;
    if (state.size() < sizeof header)
        throw Error("The saved state of the chat is cut off.");
    std::memcpy(&header, state.data(), sizeof header);
    SavedHeader own = headerOf(*m_impl->model, m_impl->options, m_impl->cache);
    own.next = header.next;
    own.oldest = header.oldest;
    if (std::equal(std::begin(header.magic), std::end(header.magic), std::begin(own.magic)) &&
        header.model != own.model)
        throw Error("The saved state of the chat belongs to another model.");
    if (header != own)
        throw Error("The saved state of the chat belongs to other cache settings.");
    m_impl->keysAndValues->restore(state.subspan(sizeof header));
    m_impl->cache.restore(header.next, header.oldest);
}

} // namespace engine
