#include "engine/executor.h"

#include <algorithm>
#include <cassert>

namespace engine {
namespace {

kernels::AttentionCapture captureOf(AttentionFrame& frame, int layer) {
    const auto heads = static_cast<std::size_t>(frame.heads);
    const auto slots = static_cast<std::size_t>(frame.sinkSlots + frame.ringSlots);
    const auto index = static_cast<std::size_t>(layer);
    kernels::AttentionCapture capture;
    capture.heads = std::span(frame.headStats).subspan(index * heads, heads);
    if (frame.level >= CaptureLevel::Mass)
        capture.slotMass = std::span(frame.slotMass).first(slots);
    if (frame.level == CaptureLevel::Record)
        capture.rows = std::span(frame.rows).subspan(index * heads * slots, heads * slots);
    else if (frame.level == CaptureLevel::Rows && layer == frame.rowLayer)
        capture.rows = std::span(frame.rows).first(heads * slots);
    return capture;
}

} // namespace

Executor::Executor(const ModelConfig& config, const Weights& weights, kernels::Backend& backend)
    : m_config(config), m_backend(backend), m_forward(config, weights, backend) {
    m_captures.reserve(static_cast<std::size_t>(config.layers));
}

void Executor::reserve(int tokens) {
    if (tokens <= m_tokens)
        return;
    const ModelConfig& c = m_config;
    std::int64_t queryDim = 0, kvDim = 0; // of the widest layer
    for (const LayerConfig& layer : c.layerConfigs) {
        queryDim = std::max(queryDim, std::int64_t{c.heads} * layer.headDim);
        kvDim = std::max(kvDim, std::int64_t{layer.kvHeads} * layer.headDim);
    }
    const ExpertsConfig& experts = c.experts;
    const std::int64_t wide = std::max<std::int64_t>(c.ffnDim, std::int64_t{experts.used} * experts.ffnDim);
    m_tokens = 0;
    m_scratch = {}; // first, so that there is never both
    const auto make = [&](std::int64_t cols) { return m_backend.makeBuffer(tokens, cols); };
    m_scratch.x = make(c.dim);
    m_scratch.normed = make(c.dim);
    const bool needsSecond =
        c.block.order == BlockOrder::Parallel || experts.besideDense || experts.sharedGate;
    m_scratch.second = make(needsSecond ? c.dim : 0);
    m_scratch.query = make(queryDim);
    m_scratch.cacheQuery = make(queryDim);
    m_scratch.attended = make(queryDim);
    m_scratch.key = make(kvDim);
    m_scratch.value = make(kvDim);
    m_scratch.gate = make(c.block.gated ? wide : 0);
    m_scratch.up = make(wide);
    m_scratch.router = make(experts.count);
    m_scratch.gates = make(experts.sharedGate ? 2 : 0);
    m_scratch.parts = make(std::int64_t{experts.used} * c.dim);
    if (experts.count > 0)
        m_scratch.choice = m_backend.makeExpertChoice(tokens, experts.count, experts.used);
    for (auto* choice : {&m_scratch.gateShare, &m_scratch.gateWinner})
        if (experts.sharedGate)
            *choice = m_backend.makeExpertChoice(tokens, 2, 1);
    m_tokens = tokens;
}

ForwardPass::Rows Executor::rows(std::int64_t tokens) {
    const auto cut = [&](const std::unique_ptr<kernels::Buffer>& buffer) {
        return buffer->tensor().rowRange(0, tokens);
    };
    const Scratch& s = m_scratch;
    return {.x = cut(s.x),
            .normed = cut(s.normed),
            .second = cut(s.second),
            .query = cut(s.query),
            .cacheQuery = cut(s.cacheQuery),
            .attended = cut(s.attended),
            .key = cut(s.key),
            .value = cut(s.value),
            .gate = cut(s.gate),
            .up = cut(s.up),
            .router = cut(s.router),
            .gates = cut(s.gates),
            .parts = cut(s.parts).shaped(tokens * m_config.experts.used, m_config.dim),
            .choice = s.choice.get(),
            .gateShare = s.gateShare.get(),
            .gateWinner = s.gateWinner.get()};
}

bool Executor::run(const Batch& batch, const std::stop_token& stop) {
    const std::int64_t tokens = batch.step.tokens();
    assert(tokens > 0);
    // There is room, unless another context has asked for more in vain since.
    reserve(static_cast<int>(tokens));
    m_captures.clear();
    if (batch.capture != nullptr && batch.capture->level >= CaptureLevel::Shares)
        for (int layer = 0; layer < m_config.layers; ++layer)
            m_captures.push_back(captureOf(*batch.capture, layer));
    m_backend.begin(batch.step.inputs());
    const bool finished = m_forward.run({.step = batch.step,
                                         .cache = batch.cache,
                                         .rows = rows(tokens),
                                         .wanted = batch.wanted,
                                         .logits = batch.logits,
                                         .top = batch.top,
                                         .captures = m_captures},
                                        stop);
    if (!finished)
        return false; // not submitted: the next step drops it
    m_backend.submit();
    m_backend.wait();
    return true;
}

} // namespace engine
