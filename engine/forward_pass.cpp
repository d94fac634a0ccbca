#include "engine/forward_pass.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace engine {

using kernels::LinearJob;
using kernels::Residual;
using kernels::Tensor;
using kernels::Write;

struct ForwardPass::Rows {
    Tensor x, normed, query, sinkQuery, attended, key, value, gate, up;
};

ForwardPass::ForwardPass(const Model& model, int maxChunk)
    : m_model(model), m_rope(model.config), m_maxChunk(maxChunk) {
    const ModelConfig& c = model.config;
    const auto make = [&](std::int64_t cols) { return model.backend->makeBuffer(maxChunk, cols); };
    const std::int64_t queryDim = std::int64_t{c.heads} * c.headDim,
                       kvDim = std::int64_t{c.kvHeads} * c.headDim;
    m_x = make(c.dim);
    m_normed = make(c.dim);
    m_query = make(queryDim);
    m_sinkQuery = make(queryDim);
    m_attended = make(queryDim);
    m_key = make(kvDim);
    m_value = make(kvDim);
    m_gate = make(c.ffnDim);
    m_up = make(c.ffnDim);
    m_lastLogits = model.backend->makeBuffer(1, c.vocabulary);
    const auto chunk = static_cast<std::size_t>(maxChunk);
    m_ringAngles.resize(chunk * static_cast<std::size_t>(c.ropeDim));
    m_sinkAngles.resize(m_ringAngles.size());
    m_views.reserve(chunk);
    m_slots.reserve(chunk);
}

bool ForwardPass::run(const Batch& batch, const std::stop_token& stop) {
    const auto n = static_cast<std::int64_t>(batch.tokens.size());
    assert(n > 0 && n <= m_maxChunk && batch.places.size() == batch.tokens.size());
    const auto cut = [n](const std::unique_ptr<kernels::Buffer>& buffer) {
        return buffer->tensor().rowRange(0, n);
    };
    const Rows rows{cut(m_x),   cut(m_normed), cut(m_query), cut(m_sinkQuery), cut(m_attended),
                    cut(m_key), cut(m_value),  cut(m_gate),  cut(m_up)};
    kernels::Backend& backend = *m_model.backend;

    m_views.clear();
    m_slots.clear();
    for (const Place& place : batch.places) {
        m_views.push_back(place.view);
        m_slots.push_back(place.slot);
    }
    const auto ropeDim = static_cast<std::size_t>(m_rope.ropeDim());
    m_oneRotation = std::all_of(batch.places.begin(), batch.places.end(),
                                [](const Place& place) { return place.position == place.sinkPosition; });
    for (std::size_t i = 0; i < batch.places.size(); ++i) {
        m_rope.fill(batch.places[i].position, std::span(m_ringAngles).subspan(i * ropeDim, ropeDim));
        if (!m_oneRotation)
            m_rope.fill(batch.places[i].sinkPosition, std::span(m_sinkAngles).subspan(i * ropeDim, ropeDim));
    }

    backend.embed(*m_model.embedding, batch.tokens, rows.x);
    for (int layer = 0; layer < m_model.config.layers; ++layer) {
        if (stop.stop_requested())
            return false;
        attention(layer, rows, batch);
        feedForward(layer, rows.x, rows);
    }
    if (batch.wanted != LogitsWanted::None)
        project(rows.x, batch.wanted);
    return true;
}

std::span<const float> ForwardPass::logits() const {
    return m_model.backend->read(m_logits);
}

// Keys are rotated once, at their place in the stream, and never again. The query is rotated twice: at its
// place in the stream for the ring, at its place inside the cache for the sinks. Only distances reach the
// logits, so this is StreamingLLM exactly.
void ForwardPass::rotate(const Rows& rows, const Batch& batch) {
    const ModelConfig& c = m_model.config;
    kernels::Backend& backend = *m_model.backend;
    const std::size_t angles = batch.tokens.size() * static_cast<std::size_t>(c.ropeDim);
    const auto ring = std::span<const float>(m_ringAngles).first(angles);
    const auto sinks = std::span<const float>(m_sinkAngles).first(angles);
    if (!m_oneRotation)
        backend.rope(rows.query, c.headDim, c.ropeDim, c.ropePairing, sinks, rows.sinkQuery);
    backend.rope(rows.query, c.headDim, c.ropeDim, c.ropePairing, ring, rows.query);
    backend.rope(rows.key, c.headDim, c.ropeDim, c.ropePairing, ring, rows.key);
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

void ForwardPass::attention(int layer, const Rows& rows, const Batch& batch) {
    const ModelConfig& c = m_model.config;
    const Model::Layer& w = m_model.layers[static_cast<std::size_t>(layer)];
    kernels::Backend& backend = *m_model.backend;
    backend.rmsNorm(rows.x, w.attentionNorm->tensor(), c.normEpsilon, rows.normed);
    const LinearJob projections[] = {{w.query.get(), rows.query, Write::Replace, w.queryBias.get()},
                                     {w.key.get(), rows.key, Write::Replace, w.keyBias.get()},
                                     {w.value.get(), rows.value, Write::Replace, w.valueBias.get()}};
    expect(rows.x, {w.attentionOut.get()});
    backend.linear(rows.normed, projections, Residual::Always);
    if (c.hasQkNorm) {
        backend.rmsNorm(rows.query, w.queryNorm->tensor(), c.normEpsilon, rows.query);
        backend.rmsNorm(rows.key, w.keyNorm->tensor(), c.normEpsilon, rows.key);
    }
    rotate(rows, batch);
    backend.storeKv(*batch.cache, layer, rows.key, rows.value, m_slots);

    kernels::AttendArgs args;
    args.ringQuery = rows.query;
    args.sinkQuery = m_oneRotation ? rows.query : rows.sinkQuery;
    args.cache = batch.cache;
    args.layer = layer;
    args.views = m_views;
    args.scale = 1.0f / std::sqrt(static_cast<float>(c.headDim));
    args.out = rows.attended;
    kernels::AttentionCapture capture;
    if (batch.capture != nullptr && batch.capture->level >= CaptureLevel::Shares) {
        capture = captureOf(*batch.capture, layer);
        args.capture = &capture;
    }
    backend.attend(args);
    const LinearJob out[] = {{w.attentionOut.get(), rows.x, Write::Add, nullptr}};
    expect(rows.x, {w.gate.get(), w.up.get()});
    backend.linear(rows.attended, out, Residual::Always);
}

void ForwardPass::feedForward(int layer, Tensor x, const Rows& rows) {
    const ModelConfig& c = m_model.config;
    const Model::Layer& w = m_model.layers[static_cast<std::size_t>(layer)];
    kernels::Backend& backend = *m_model.backend;
    backend.rmsNorm(x, w.ffnNorm->tensor(), c.normEpsilon, rows.normed);
    const LinearJob expand[] = {{w.gate.get(), rows.gate, Write::Replace, nullptr},
                                {w.up.get(), rows.up, Write::Replace, nullptr}};
    expect(x, {w.down.get()});
    backend.linear(rows.normed, expand, Residual::Outliers); // half of all arithmetic, and the most robust
    backend.gatedActivation(c.activation, rows.gate, rows.up, rows.gate);
    const LinearJob shrink[] = {{w.down.get(), x, Write::Add, nullptr}};
    if (layer + 1 < c.layers)
        expectLayer(x, layer + 1);
    else
        expect(x, {&m_model.outputWeight()});
    backend.linear(rows.gate, shrink, Residual::Always);
}

/// Says ahead what a later product reads: with one token, memory is what everybody waits for.
void ForwardPass::expect(Tensor x, std::initializer_list<const kernels::Weight*> weights) {
    if (x.rows == 1)
        m_model.backend->expectLinear({weights.begin(), weights.size()});
}
void ForwardPass::expectLayer(Tensor x, int layer) {
    const Model::Layer& w = m_model.layers[static_cast<std::size_t>(layer)];
    expect(x, {w.query.get(), w.key.get(), w.value.get()});
}

void ForwardPass::project(Tensor x, LogitsWanted wanted) {
    const ModelConfig& c = m_model.config;
    kernels::Backend& backend = *m_model.backend;
    if (wanted == LogitsWanted::All && !m_allLogits)
        m_allLogits = backend.makeBuffer(m_maxChunk, c.vocabulary);
    const Tensor rows = wanted == LogitsWanted::All ? x : x.rowRange(x.rows - 1, 1);
    const Tensor normed = m_normed->tensor().rowRange(0, rows.rows);
    m_logits =
        wanted == LogitsWanted::All ? m_allLogits->tensor().rowRange(0, rows.rows) : m_lastLogits->tensor();
    backend.rmsNorm(rows, m_model.outputNorm->tensor(), c.normEpsilon, normed);
    const LinearJob job[] = {{&m_model.outputWeight(), m_logits, Write::Replace, nullptr}};
    expectLayer(x, 0); // of the next token
    backend.linear(normed, job, Residual::Always);
}

} // namespace engine
