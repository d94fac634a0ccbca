#include "engine/executor.h"

#include "kernels/split_kv_cache.h"

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

void runNothing(kernels::Backend& backend) {
    backend.begin({});
    backend.submit();
    backend.wait();
}

} // namespace

Executor::Executor(const ModelConfig& config, const Weights& weights, kernels::Backend& device,
                   kernels::Backend* other)
    : m_config(config) {
    const int border = weights.firstLayerOfDevice;
    assert((border > 0) == (other != nullptr));
    const auto add = [&](kernels::Backend& backend, LayerRange range) {
        m_parts.push_back({backend, range, {config, weights, backend, range}, {}});
    };
    if (other != nullptr)
        add(*other, {0, border});
    add(device, {border, config.layers});
    m_captures.reserve(static_cast<std::size_t>(config.layers));
}

std::vector<Executor::ScratchPart> Executor::scratchParts(const ModelConfig& c) {
    std::int64_t queryDim = 0, kvDim = 0; // of the widest layer
    for (const LayerConfig& layer : c.layerConfigs) {
        queryDim = std::max(queryDim, std::int64_t{c.heads} * layer.headDim);
        kvDim = std::max(kvDim, std::int64_t{layer.kvHeads} * layer.headDim);
    }
    const ExpertsConfig& experts = c.experts;
    const std::int64_t wide = std::max<std::int64_t>(c.ffnDim, std::int64_t{experts.used} * experts.ffnDim);
    const bool needsSecond =
        c.block.order == BlockOrder::Parallel || experts.besideDense || experts.sharedGate;
    return {{&Scratch::x, c.dim},
            {&Scratch::normed, c.dim},
            {&Scratch::second, needsSecond ? c.dim : 0},
            {&Scratch::query, queryDim},
            {&Scratch::cacheQuery, queryDim},
            {&Scratch::attended, queryDim},
            {&Scratch::key, kvDim},
            {&Scratch::value, kvDim},
            {&Scratch::gate, c.block.gated ? wide : 0},
            {&Scratch::up, wide},
            {&Scratch::router, experts.count},
            {&Scratch::gates, experts.sharedGate ? 2 : 0},
            {&Scratch::parts, std::int64_t{experts.used} * c.dim}};
}

std::int64_t Executor::scratchCols(const ModelConfig& config) {
    std::int64_t cols = 0;
    for (const ScratchPart& part : scratchParts(config))
        cols += part.cols;
    return cols;
}

void Executor::reserve(int tokens) {
    if (tokens <= m_tokens)
        return;
    const ExpertsConfig& experts = m_config.experts;
    m_tokens = 0;
    for (Part& part : m_parts) {
        part.scratch = {}; // first, so that there is never both
        for (const auto& [buffer, cols] : scratchParts(m_config))
            part.scratch.*buffer = part.backend.makeBuffer(tokens, cols);
        if (experts.count > 0)
            part.scratch.choice = part.backend.makeExpertChoice(tokens, experts.count, experts.used);
        for (auto* choice : {&part.scratch.gateShare, &part.scratch.gateWinner})
            if (experts.sharedGate)
                *choice = part.backend.makeExpertChoice(tokens, 2, 1);
    }
    m_tokens = tokens;
}

std::unique_ptr<kernels::KvCache> Executor::makeKvCache(const kernels::KvShape& shape) const {
    if (m_parts.size() == 1)
        return m_parts.front().backend.makeKvCache(shape);
    std::vector<std::unique_ptr<kernels::KvCache>> parts;
    for (const Part& part : m_parts) {
        kernels::KvShape own = shape;
        own.layers.assign(shape.layers.begin() + part.range.first, shape.layers.begin() + part.range.end);
        parts.push_back(part.backend.makeKvCache(own));
    }
    return std::make_unique<kernels::SplitKvCache>(std::move(parts));
}

ForwardPass::Rows Executor::rows(const Scratch& s, std::int64_t tokens) const {
    const auto cut = [&](const std::unique_ptr<kernels::Buffer>& buffer) {
        return buffer->tensor().rowRange(0, tokens);
    };
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
    kernels::Tensor x; // what the layers so far have left
    for (Part& part : m_parts)
        if (!runPart(part, batch, x, stop))
            return false;
    return true;
}

bool Executor::runPart(Part& part, const Batch& batch, kernels::Tensor& x, const std::stop_token& stop) {
    const ForwardPass::Rows own = rows(part.scratch, batch.step.tokens());
    if (part.range.first > 0) {
        if (part.isBegun) // and was given up: that is dropped, for only outside of a step is anything written
            runNothing(part.backend);
        part.backend.write(own.x, m_parts.front().backend.read(x));
    }
    part.isBegun = true;
    part.backend.begin(batch.step.inputs());
    const bool finished = part.forward.run({.step = batch.step,
                                            .cache = layersOf(part, batch.cache),
                                            .rows = own,
                                            .wanted = batch.wanted,
                                            .logits = batch.logits,
                                            .top = batch.top,
                                            .captures = m_captures},
                                           stop);
    if (!finished)
        return false; // not submitted: the next step drops it
    part.backend.submit();
    part.backend.wait();
    part.isBegun = false;
    x = own.x;
    return true;
}

kernels::KvCache& Executor::layersOf(const Part& part, kernels::KvCache& cache) const {
    if (m_parts.size() == 1)
        return cache;
    return static_cast<kernels::SplitKvCache&>(cache).part(part.range.first == 0 ? 0 : 1);
}

} // namespace engine
