#include "engine/forward_pass.h"

#include <cassert>

namespace engine {

using kernels::LinearJob;
using kernels::Residual;
using kernels::Tensor;
using kernels::Write;

struct ForwardPass::Rows {
    Tensor x, normed, second, query, cacheQuery, attended, key, value, gate, up;
};

ForwardPass::ForwardPass(const Model& model, int maxChunk)
    : m_model(model), m_config(model.config), m_backend(*model.backend), m_maxChunk(maxChunk) {
    const ModelConfig& c = m_config;
    const auto make = [&](std::int64_t cols) { return m_backend.makeBuffer(maxChunk, cols); };
    const std::int64_t queryDim = std::int64_t{c.heads} * c.headDim,
                       kvDim = std::int64_t{c.kvHeads} * c.headDim;
    m_x = make(c.dim);
    m_normed = make(c.dim);
    m_second = make(c.block.order == BlockOrder::Parallel ? c.dim : 0);
    m_query = make(queryDim);
    m_cacheQuery = make(queryDim);
    m_attended = make(queryDim);
    m_key = make(kvDim);
    m_value = make(kvDim);
    m_gate = make(c.block.gated ? c.ffnDim : 0);
    m_up = make(c.ffnDim);
    m_lastLogits = m_backend.makeBuffer(1, c.vocabulary);
}

bool ForwardPass::run(const Batch& batch, const std::stop_token& stop) {
    const auto n = static_cast<std::int64_t>(batch.step.tokens().size());
    assert(n > 0 && n <= m_maxChunk);
    const auto cut = [n](const std::unique_ptr<kernels::Buffer>& buffer) {
        return buffer->tensor().rowRange(0, n);
    };
    const Rows rows{cut(m_x),        cut(m_normed), cut(m_second), cut(m_query), cut(m_cacheQuery),
                    cut(m_attended), cut(m_key),    cut(m_value),  cut(m_gate),  cut(m_up)};
    m_backend.embed(*m_model.weights.embedding, batch.step.tokens(), rows.x);
    if (m_config.embeddingScale != 1)
        m_backend.scale(rows.x, m_config.embeddingScale);
    for (int layer = 0; layer < m_config.layers; ++layer) {
        if (stop.stop_requested())
            return false;
        block(layer, rows, batch);
    }
    if (batch.wanted != LogitsWanted::None)
        project(rows.x, batch.wanted);
    return true;
}

std::span<const float> ForwardPass::logits() const {
    return m_backend.read(m_logits);
}

void ForwardPass::block(int layer, const Rows& rows, const Batch& batch) {
    const LayerWeights& w = m_model.weights.layers[static_cast<std::size_t>(layer)];
    const BlockOrder order = m_config.block.order;
    Tensor input = rows.x;
    if (m_config.block.normBefore)
        norm(rows.x, w.attentionNorm, input = rows.normed);
    Tensor second = input; // what the feed-forward reads
    if (order == BlockOrder::Parallel)
        norm(rows.x, w.feedForwardNorm, second = rows.second);
    attention(layer, input, rows, batch);
    if (order == BlockOrder::Sequential && m_config.block.normBefore)
        norm(rows.x, w.feedForwardNorm, second = rows.normed);
    feedForward(layer, second, rows);
}

void ForwardPass::norm(Tensor x, const Norm& norm, Tensor out) {
    if (m_config.block.norm == NormKind::Rms)
        m_backend.rmsNorm(x, norm.gain->tensor(), m_config.normEpsilon, out);
    else
        m_backend.layerNorm(x, norm.gain->tensor(), norm.bias.get(), m_config.normEpsilon, out);
}

/// x += what the branch makes of `input`, normed and scaled where the family does that.
void ForwardPass::addBranch(const Projection& projection, Tensor input, const Norm& after, const Rows& rows) {
    if (!after && m_config.residualScale == 1) {
        const LinearJob job[] = {{projection.weight.get(), rows.x, Write::Add, projection.bias.get()}};
        return m_backend.linear(input, job, Residual::Always);
    }
    const Tensor branch = rows.normed; // nobody reads it any more: such blocks are sequential
    const LinearJob job[] = {{projection.weight.get(), branch, Write::Replace, projection.bias.get()}};
    m_backend.linear(input, job, Residual::Always);
    if (after)
        norm(branch, after, branch);
    if (m_config.residualScale != 1)
        m_backend.scale(branch, m_config.residualScale);
    m_backend.add(branch, rows.x);
}

// Keys are rotated once, at their place in the stream, and never again. The query is rotated twice: at its
// place in the stream for the ring, at its place inside the cache for the sinks. Only distances reach the
// logits, so this is StreamingLLM exactly.
void ForwardPass::rotate(int rope, const Rows& rows, const Step& step) {
    const ModelConfig& c = m_config;
    if (!step.oneRotation())
        m_backend.rope(rows.query, c.headDim, c.ropeDim, c.ropePairing, step.cacheAngles(rope),
                       rows.cacheQuery);
    m_backend.rope(rows.query, c.headDim, c.ropeDim, c.ropePairing, step.streamAngles(rope), rows.query);
    m_backend.rope(rows.key, c.headDim, c.ropeDim, c.ropePairing, step.streamAngles(rope), rows.key);
}

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

void ForwardPass::attention(int layer, Tensor input, const Rows& rows, const Batch& batch) {
    const ModelConfig& c = m_config;
    const LayerConfig& own = c.layerConfigs[static_cast<std::size_t>(layer)];
    const LayerWeights& w = m_model.weights.layers[static_cast<std::size_t>(layer)];
    const LinearJob projections[] = {{w.query.weight.get(), rows.query, Write::Replace, w.query.bias.get()},
                                     {w.key.weight.get(), rows.key, Write::Replace, w.key.bias.get()},
                                     {w.value.weight.get(), rows.value, Write::Replace, w.value.bias.get()}};
    expect(rows.x, {w.attentionOut.weight.get()});
    m_backend.linear(input, projections, Residual::Always);
    if (c.block.clampQkv > 0)
        for (const Tensor& clamped : {rows.query, rows.key, rows.value})
            m_backend.clamp(clamped, c.block.clampQkv);
    if (w.queryNorm) {
        norm(rows.query, w.queryNorm, rows.query);
        norm(rows.key, w.keyNorm, rows.key);
    }
    if (own.rope != NoRope)
        rotate(own.rope, rows, batch.step);
    m_backend.storeKv(*batch.cache, layer, rows.key, rows.value, batch.step.slots());

    const bool twice = own.rope != NoRope && !batch.step.oneRotation();
    const Tensor queries[] = {rows.query, twice ? rows.cacheQuery : rows.query}; // by QueryRotation
    kernels::AttendArgs args{.queries = queries,
                             .cache = batch.cache,
                             .layer = layer,
                             .runs = batch.step.runs(own.window),
                             .style = {.scale = c.attention.scale,
                                       .softcap = c.attention.softcap,
                                       .slopes = m_model.weights.alibiSlopes.get(),
                                       .sinkLogits = w.sinkLogits.get()},
                             .out = rows.attended};
    kernels::AttentionCapture capture;
    if (batch.capture != nullptr && batch.capture->level >= CaptureLevel::Shares) {
        capture = captureOf(*batch.capture, layer);
        args.capture = &capture;
    }
    m_backend.attend(args);
    expect(rows.x, {w.gate.weight.get(), w.up.weight.get()});
    addBranch(w.attentionOut, rows.attended, w.attentionPostNorm, rows);
}

void ForwardPass::feedForward(int layer, Tensor input, const Rows& rows) {
    const LayerWeights& w = m_model.weights.layers[static_cast<std::size_t>(layer)];
    const LinearJob up{w.up.weight.get(), rows.up, Write::Replace, w.up.bias.get()};
    const LinearJob gate{w.gate.weight.get(), rows.gate, Write::Replace, w.gate.bias.get()};
    const LinearJob jobs[] = {gate, up};
    expect(rows.x, {w.down.weight.get()});
    // Half of all arithmetic, and the most robust.
    m_backend.linear(input, m_config.block.gated ? std::span(jobs) : std::span(&up, 1), Residual::Outliers);
    if (m_config.block.gated)
        m_backend.gatedActivation(m_config.block.activation, rows.gate, rows.up, rows.gate);
    else
        m_backend.activation(m_config.block.activation, rows.up);
    if (layer + 1 < m_config.layers)
        expectLayer(rows.x, layer + 1);
    else
        expect(rows.x, {&m_model.weights.outputWeight()});
    addBranch(w.down, m_config.block.gated ? rows.gate : rows.up, w.feedForwardPostNorm, rows);
}

/// Says ahead what a later product reads: with one token, memory is what everybody waits for.
void ForwardPass::expect(Tensor x, std::initializer_list<const kernels::Weight*> weights) {
    if (x.rows != 1)
        return;
    const bool first = *weights.begin() == nullptr; // no gate
    m_backend.expectLinear({weights.begin() + (first ? 1 : 0), weights.end()});
}
void ForwardPass::expectLayer(Tensor x, int layer) {
    const LayerWeights& w = m_model.weights.layers[static_cast<std::size_t>(layer)];
    expect(x, {w.query.weight.get(), w.key.weight.get(), w.value.weight.get()});
}

void ForwardPass::project(Tensor x, LogitsWanted wanted) {
    const ModelConfig& c = m_config;
    if (wanted == LogitsWanted::All && !m_allLogits)
        m_allLogits = m_backend.makeBuffer(m_maxChunk, c.vocabulary);
    const Tensor rows = wanted == LogitsWanted::All ? x : x.rowRange(x.rows - 1, 1);
    const Tensor normed = m_normed->tensor().rowRange(0, rows.rows);
    m_logits =
        wanted == LogitsWanted::All ? m_allLogits->tensor().rowRange(0, rows.rows) : m_lastLogits->tensor();
    norm(rows, m_model.weights.outputNorm, normed);
    const LinearJob job[] = {
        {&m_model.weights.outputWeight(), m_logits, Write::Replace, m_model.weights.output.bias.get()}};
    expectLayer(x, 0); // of the next token
    m_backend.linear(normed, job, Residual::Always);
    if (c.logitScale != 1)
        m_backend.scale(m_logits, c.logitScale);
    if (c.logitSoftcap > 0)
        m_backend.softcap(m_logits, c.logitSoftcap);
}

} // namespace engine
