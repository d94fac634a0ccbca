#include "engine/compare.h"

#include "engine/context.h"
#include "engine/log_sum_exp.h"
#include "engine/reading_chunk.h"
#include "engine/recompute.h"

#include <algorithm>
#include <optional>

namespace engine {

struct Evaluation::Impl {
    std::vector<TokenId> tokens;
    std::size_t read = 0;
    std::size_t chunk = 1;
    std::vector<float> losses;
    std::optional<Context> context;
    std::optional<Recompute> recompute;
    AttentionFrame frame;
    float firstTokenShare = -1;

    void look() {
        firstTokenShare = -1;
        if (frame.sinkCount == 0 || frame.headStats.empty())
            return;
        double sum = 0;
        for (const kernels::HeadStats& head : frame.headStats)
            sum += static_cast<double>(head.slot0);
        firstTokenShare = static_cast<float>(sum / static_cast<double>(frame.headStats.size()));
    }
    void score(std::span<const float> logits) {
        if (losses.size() + 1 >= tokens.size())
            return;
        const auto truth = static_cast<std::size_t>(tokens[losses.size() + 1]);
        losses.push_back(static_cast<float>(logSumExp(logits) - static_cast<double>(logits[truth])));
    }
};

Evaluation::Evaluation(std::shared_ptr<const Model> model, const EvaluationOptions& options,
                       std::vector<TokenId> tokens)
    : m_impl(std::make_unique<Impl>()) {
    m_impl->tokens = std::move(tokens);
    m_impl->losses.reserve(m_impl->tokens.size());
    if (options.mode == CacheMode::Recompute) {
        // As many keys as a streaming query of the same capacity sees: the past ones and its own.
        m_impl->recompute.emplace(std::move(model), options.sinks + options.window + 1, options.ringType);
        return;
    }
    const int chunk = std::clamp(options.chunk, 1, scoringChunk(*model));
    m_impl->chunk = static_cast<std::size_t>(chunk);
    m_impl->context.emplace(std::move(model), ContextOptions{.mode = options.mode,
                                                             .sinks = options.sinks,
                                                             .window = options.window,
                                                             .ringType = options.ringType,
                                                             .sinkType = options.sinkType,
                                                             .maxChunk = chunk,
                                                             .ringStart = options.ringStart});
    const ModelConfig& config = m_impl->context->model().config;
    m_impl->frame.level = CaptureLevel::Shares;
    prepareFrame(m_impl->frame, {.level = CaptureLevel::Shares, .rowLayer = 0}, config.layers, config.heads,
                 m_impl->context->cache().slots());
}

Evaluation::~Evaluation() = default;

bool Evaluation::step(const std::stop_token& stop) {
    Impl& e = *m_impl;
    const std::size_t room = e.context ? static_cast<std::size_t>(e.context->cache().room()) : e.chunk;
    const std::size_t n = std::min({e.chunk, room, e.tokens.size() - e.read});
    if (n == 0)
        return false;
    const auto now = std::span<const TokenId>(e.tokens).subspan(e.read, n);
    if (e.recompute) {
        const auto logits = e.recompute->readOn(now[0], stop);
        if (logits.empty())
            return true;
        e.score(logits);
    } else {
        const auto logits = e.context->feed(now, LogitsWanted::All, &e.frame, stop);
        if (logits.empty())
            return true;
        e.look();
        const std::size_t vocabulary = logits.size() / n;
        for (std::size_t i = 0; i < n; ++i)
            e.score(logits.subspan(i * vocabulary, vocabulary));
    }
    e.read += n;
    return e.read < e.tokens.size() && (!e.context || e.context->cache().room() > 0);
}

const std::vector<float>& Evaluation::negativeLogLikelihoods() const {
    return m_impl->losses;
}
std::size_t Evaluation::position() const {
    return m_impl->read;
}
float Evaluation::firstTokenShare() const {
    return m_impl->firstTokenShare;
}
Context* Evaluation::context() {
    return m_impl->context ? &*m_impl->context : nullptr;
}

} // namespace engine
