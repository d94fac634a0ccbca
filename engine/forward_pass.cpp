#include "engine/forward_pass.h"

#include <cassert>

namespace engine {

using kernels::LinearJob;
using kernels::Rounding;
using kernels::Tensor;
using kernels::Write;

bool ForwardPass::run(const Batch& batch, const std::stop_token& stop) {
    m_backend.embed(*m_weights.embedding, batch.rows.x);
    if (m_config.embeddingScale != 1)
        m_backend.scale(batch.rows.x, m_config.embeddingScale);
    for (int layer = 0; layer < m_config.layers; ++layer) {
        if (stop.stop_requested())
            return false;
        block(layer, batch);
    }
    if (batch.wanted != LogitsWanted::None)
        project(batch);
    return true;
}

void ForwardPass::block(int layer, const Batch& batch) {
    const LayerWeights& w = weightsOf(layer);
    const Rows& rows = batch.rows;
    const BlockOrder order = m_config.block.order;
    Tensor input = rows.x;
    if (m_config.block.normBefore)
        norm(rows.x, w.attentionNorm, input = rows.normed);
    Tensor second = input; // what the feed-forward reads
    if (order == BlockOrder::Parallel)
        norm(rows.x, w.feedForwardNorm, second = rows.second);
    attention(layer, input, batch);
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
        return m_backend.linear(input, job, Rounding::Careful);
    }
    const Tensor branch = rows.normed; // nobody reads it any more: such blocks are sequential
    const LinearJob job[] = {{projection.weight.get(), branch, Write::Replace, projection.bias.get()}};
    m_backend.linear(input, job, Rounding::Careful);
    if (after)
        norm(branch, after, branch);
    if (m_config.residualScale != 1)
        m_backend.scale(branch, m_config.residualScale);
    m_backend.add(branch, rows.x);
}

// Keys are rotated once, at their place in the stream, and never again. The query is rotated twice: at its
// place in the stream for the ring, at its place inside the cache for the sinks. Only distances reach the
// logits, so this is StreamingLLM exactly.
void ForwardPass::rotate(int rope, const Batch& batch) {
    const ModelConfig& c = m_config;
    const Step& step = batch.step;
    const Rows& rows = batch.rows;
    const auto turn = [&](Tensor x, int table, Tensor out) {
        m_backend.rope(x, c.headDim, c.ropeDim, c.ropePairing, table, out);
    };
    if (!step.oneRotation())
        turn(rows.query, step.cacheAngles(rope), rows.cacheQuery);
    turn(rows.query, step.streamAngles(rope), rows.query);
    turn(rows.key, step.streamAngles(rope), rows.key);
}

void ForwardPass::attention(int layer, Tensor input, const Batch& batch) {
    const ModelConfig& c = m_config;
    const LayerConfig& own = c.layerConfigs[static_cast<std::size_t>(layer)];
    const LayerWeights& w = weightsOf(layer);
    const Rows& rows = batch.rows;
    const LinearJob projections[] = {{w.query.weight.get(), rows.query, Write::Replace, w.query.bias.get()},
                                     {w.key.weight.get(), rows.key, Write::Replace, w.key.bias.get()},
                                     {w.value.weight.get(), rows.value, Write::Replace, w.value.bias.get()}};
    m_backend.linear(input, projections, Rounding::Careful);
    if (c.block.clampQkv > 0)
        for (const Tensor& clamped : {rows.query, rows.key, rows.value})
            m_backend.clamp(clamped, c.block.clampQkv);
    if (w.queryNorm) {
        norm(rows.query, w.queryNorm, rows.query);
        norm(rows.key, w.keyNorm, rows.key);
    }
    if (own.rope != NoRope)
        rotate(own.rope, batch);
    m_backend.storeKv(batch.cache, layer, rows.key, rows.value);

    const bool twice = own.rope != NoRope && !batch.step.oneRotation();
    const Tensor queries[] = {rows.query, twice ? rows.cacheQuery : rows.query}; // by QueryRotation
    m_backend.attend(
        {.queries = queries,
         .cache = &batch.cache,
         .layer = layer,
         .view = batch.step.view(own.window),
         .style = {.scale = c.attention.scale,
                   .softcap = c.attention.softcap,
                   .slopes = m_weights.alibiSlopes.get(),
                   .sinkLogits = w.sinkLogits.get()},
         .out = rows.attended,
         .capture = batch.captures.empty() ? nullptr : &batch.captures[static_cast<std::size_t>(layer)]});
    addBranch(w.attentionOut, rows.attended, w.attentionPostNorm, rows);
}

void ForwardPass::feedForward(int layer, Tensor input, const Rows& rows) {
    const LayerWeights& w = weightsOf(layer);
    const LinearJob up{w.up.weight.get(), rows.up, Write::Replace, w.up.bias.get()};
    const LinearJob gate{w.gate.weight.get(), rows.gate, Write::Replace, w.gate.bias.get()};
    const LinearJob jobs[] = {gate, up};
    // Half of all arithmetic, and the most robust.
    m_backend.linear(input, m_config.block.gated ? std::span(jobs) : std::span(&up, 1), Rounding::Robust);
    if (m_config.block.gated)
        m_backend.gatedActivation(m_config.block.activation, rows.gate, rows.up, rows.gate);
    else
        m_backend.activation(m_config.block.activation, rows.up);
    addBranch(w.down, m_config.block.gated ? rows.gate : rows.up, w.feedForwardPostNorm, rows);
}

void ForwardPass::project(const Batch& batch) {
    const ModelConfig& c = m_config;
    const Tensor all = batch.rows.x, logits = batch.logits;
    assert(logits.rows == (batch.wanted == LogitsWanted::All ? all.rows : 1));
    const Tensor x = all.rowRange(all.rows - logits.rows, logits.rows);
    const Tensor normed = batch.rows.normed.rowRange(0, logits.rows);
    norm(x, m_weights.outputNorm, normed);
    const LinearJob job[] = {
        {&m_weights.outputWeight(), logits, Write::Replace, m_weights.output.bias.get()}};
    m_backend.linear(normed, job, Rounding::Careful);
    if (c.logitScale != 1)
        m_backend.scale(logits, c.logitScale);
    if (c.logitSoftcap > 0)
        m_backend.softcap(logits, c.logitSoftcap);
}

} // namespace engine
