#include "engine/forward_pass.h"

#include <cassert>
#include <cmath>

namespace engine {

using kernels::LinearJob;
using kernels::Rounding;
using kernels::Tensor;
using kernels::Write;

bool ForwardPass::run(const Batch& batch, const std::stop_token& stop) {
    if (m_range.first == 0)
        embed(batch.rows.x);
    for (int layer = m_range.first; layer < m_range.end; ++layer) {
        if (stop.stop_requested())
            return false;
        block(layer, batch);
    }
    if (m_range.end == m_config.layers && batch.wanted != LogitsWanted::None)
        project(batch);
    return true;
}

void ForwardPass::embed(Tensor x) {
    m_backend.embed(*m_weights.embedding, x);
    if (m_config.embeddingScale != 1)
        m_backend.scale(x, m_config.embeddingScale);
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
    addBranch(branch, after, rows);
}

void ForwardPass::addBranch(Tensor branch, const Norm& after, const Rows& rows) {
    if (after)
        norm(branch, after, branch);
    if (m_config.residualScale != 1)
        m_backend.scale(branch, m_config.residualScale);
    m_backend.add(branch, rows.x);
}

// Keys are rotated once, at their place in the stream, and never again. The query is rotated twice: at its
// place in the stream for the ring, at its place inside the cache for the sinks. Only distances reach the
// logits, so this is StreamingLLM exactly.
void ForwardPass::rotate(const LayerConfig& own, const Rows& rows, const Step& step) {
    const int ropeDim = m_config.ropes[static_cast<std::size_t>(own.rope)].dim;
    const auto turn = [&](Tensor x, int table, Tensor out) {
        m_backend.rope(x, own.headDim, ropeDim, m_config.ropePairing, table, out);
    };
    if (!step.oneRotation())
        turn(rows.query, step.cacheAngles(own.rope), rows.cacheQuery);
    turn(rows.query, step.queryAngles(own.rope), rows.query);
    turn(rows.key, step.streamAngles(own.rope), rows.key);
}

namespace {

/// The scratch memory in the shapes of one layer.
ForwardPass::Rows ofLayer(ForwardPass::Rows rows, const LayerConfig& own, int heads) {
    const std::int64_t n = rows.x.rows, queries = std::int64_t{heads} * own.headDim;
    for (Tensor* queryRows : {&rows.query, &rows.cacheQuery, &rows.attended})
        *queryRows = queryRows->shaped(n, queries);
    for (Tensor* keyRows : {&rows.key, &rows.value})
        *keyRows = keyRows->shaped(n, std::int64_t{own.kvHeads} * own.headDim);
    return rows;
}

} // namespace

void ForwardPass::attention(int layer, Tensor input, const Batch& batch) {
    const ModelConfig& c = m_config;
    const LayerConfig& own = c.layer(layer);
    const LayerWeights& w = weightsOf(layer);
    const Rows rows = ofLayer(batch.rows, own, c.heads);
    const Projection& value = own.ownValues ? w.value : w.key;
    const LinearJob projections[] = {{w.query.weight.get(), rows.query, Write::Replace, w.query.bias.get()},
                                     {w.key.weight.get(), rows.key, Write::Replace, w.key.bias.get()},
                                     {value.weight.get(), rows.value, Write::Replace, value.bias.get()}};
    m_backend.linear(input, projections, Rounding::Careful);
    if (c.block.clampQkv > 0)
        for (const Tensor& clamped : {rows.query, rows.key, rows.value})
            m_backend.clamp(clamped, c.block.clampQkv);
    if (w.queryNorm) {
        norm(rows.query, w.queryNorm, rows.query);
        norm(rows.key, w.keyNorm, rows.key);
    }
    if (w.valueNorm)
        norm(rows.value, w.valueNorm, rows.value);
    if (own.rope != NoRope)
        rotate(own, rows, batch.step);
    m_backend.storeKv(batch.cache, layer - m_range.first, rows.key, rows.value);

    const bool twice = own.rope != NoRope && !batch.step.oneRotation();
    const Tensor queries[] = {rows.query, twice ? rows.cacheQuery : rows.query}; // by QueryRotation
    m_backend.attend(
        {.queries = queries,
         .cache = &batch.cache,
         .layer = layer - m_range.first,
         .view = batch.step.view(own.window),
         .style = {.scale = c.attention.scale,
                   .softcap = c.attention.softcap,
                   .slopes = w.alibiSlopes.get(),
                   .sinkLogits = w.sinkLogits.get()},
         .out = rows.attended,
         .capture = batch.captures.empty() ? nullptr : &batch.captures[static_cast<std::size_t>(layer)]});
    addBranch(w.attentionOut, rows.attended, w.attentionPostNorm, rows);
}

void ForwardPass::feedForward(int layer, Tensor input, const Rows& rows) {
    const LayerWeights& w = weightsOf(layer);
    if (m_config.experts.count == 0) {
        dense(w, input, rows);
        addBranch(w.down, m_config.block.gated ? rows.gate : rows.up, w.feedForwardPostNorm, rows);
    } else if (m_config.experts.besideDense) {
        denseAndMixture(w, input, rows);
    } else {
        mixture(w, input, rows);
        if (m_config.experts.shared)
            dense(w, input, rows);
        if (w.sharedGate)
            chooseGate(w, input, rows);
        const bool straight = !w.feedForwardPostNorm && m_config.residualScale == 1;
        const Tensor sum = straight ? rows.x : rows.normed; // nobody reads the input any more
        m_backend.combineExperts(rows.parts, *rows.choice, nullptr, straight ? Write::Add : Write::Replace,
                                 sum);
        if (m_config.experts.shared)
            addShared(w, rows, sum);
        if (!straight)
            addBranch(sum, w.feedForwardPostNorm, rows);
    }
    if (m_config.block.layerScale)
        m_backend.scale(rows.x, m_config.layer(layer).outputScale);
}

/// Up to what the last product reads: in `gate`, or in `up` where there is none.
void ForwardPass::dense(const LayerWeights& w, Tensor input, const Rows& rows) {
    const std::int64_t n = input.rows;
    const Tensor gateRows = rows.gate.shaped(n, m_config.block.gated ? m_config.ffnDim : 0),
                 upRows = rows.up.shaped(n, m_config.ffnDim);
    const LinearJob up{w.up.weight.get(), upRows, Write::Replace, w.up.bias.get()};
    const LinearJob gate{w.gate.weight.get(), gateRows, Write::Replace, w.gate.bias.get()};
    const LinearJob jobs[] = {gate, up};
    // Half of all arithmetic, and the most robust.
    m_backend.linear(input, m_config.block.gated ? std::span(jobs) : std::span(&up, 1), Rounding::Robust);
    if (m_config.block.gated)
        m_backend.gatedActivation(m_config.block.activation, gateRows, upRows, gateRows);
    else
        m_backend.activation(m_config.block.activation, upRows);
}

/// Up to the products of the chosen experts, in `parts`. The router has chosen where a layer has a norm for it, otherwise it reads `input`.
void ForwardPass::mixture(const LayerWeights& w, Tensor input, const Rows& rows) {
    const ExpertsConfig& experts = m_config.experts;
    if (!w.routerNorm) {
        const LinearJob router[] = {
            {w.router.weight.get(), rows.router, Write::Replace, w.router.bias.get()}};
        m_backend.linear(input, router, Rounding::Careful);
        m_backend.chooseExperts(rows.router, experts.weights, *rows.choice);
    }
    const std::int64_t places = rows.parts.rows;
    const Tensor gate = rows.gate.shaped(places, experts.ffnDim), up = rows.up.shaped(places, experts.ffnDim);
    const kernels::ExpertJob jobs[] = {{w.gateExperts.weights.get(), gate, w.gateExperts.bias.get()},
                                       {w.upExperts.weights.get(), up, w.upExperts.bias.get()}};
    m_backend.linearExperts(input, jobs, *rows.choice, Rounding::Robust);
    m_backend.gatedActivation(m_config.block.activation, gate, up, gate);
    const kernels::ExpertJob down[] = {{w.downExperts.weights.get(), rows.parts, w.downExperts.bias.get()}};
    m_backend.linearExperts(gate, down, *rows.choice, Rounding::Careful);
}

/// Qwen 2: the gate of a token is s, a product of its row; 0 stands beside it.
void ForwardPass::chooseGate(const LayerWeights& w, Tensor input, const Rows& rows) {
    const LinearJob gate[] = {{w.sharedGate.get(), rows.gates, Write::Replace, nullptr}};
    m_backend.linear(input, gate, Rounding::Careful);
    m_backend.chooseExperts(rows.gates, kernels::ExpertWeights::OfAll, *rows.gateShare);
    m_backend.chooseExperts(rows.gates, kernels::ExpertWeights::OfChosen, *rows.gateWinner);
}

/// The expert that all tokens share; dense() has run. Where it has a gate s it counts sigmoid(s), which is the share of s in the softmax of
/// s and 0. The larger share was chosen: that of s, or that of 0, and then 1 less it is the share of s.
void ForwardPass::addShared(const LayerWeights& w, const Rows& rows, Tensor sum) {
    const Tensor inner = rows.gate.shaped(sum.rows, m_config.ffnDim);
    const bool isGated = w.sharedGate != nullptr;
    const LinearJob down[] = {
        {w.down.weight.get(), isGated ? rows.second : sum, isGated ? Write::Replace : Write::Add, nullptr}};
    m_backend.linear(inner, down, Rounding::Careful);
    if (!isGated)
        return;
    m_backend.combineExperts(rows.second, *rows.gateShare, w.gateShares.get(), Write::Add, sum);
    m_backend.combineExperts(rows.second, *rows.gateWinner, w.gateRests.get(), Write::Add, sum);
}

/// Gemma 4: both read the same rows, each through norms of its own, and the router reads them through another.
void ForwardPass::denseAndMixture(const LayerWeights& w, Tensor input, const Rows& rows) {
    dense(w, input, rows);
    const LinearJob down[] = {{w.down.weight.get(), rows.second, Write::Replace, w.down.bias.get()}};
    m_backend.linear(rows.gate.shaped(input.rows, m_config.ffnDim), down, Rounding::Careful);
    norm(rows.second, w.densePostNorm, rows.second);

    norm(rows.x, w.routerNorm, rows.normed);
    m_backend.scale(rows.normed, 1.0f / std::sqrt(static_cast<float>(m_config.dim)));
    const LinearJob router[] = {{w.router.weight.get(), rows.router, Write::Replace, w.router.bias.get()}};
    m_backend.linear(rows.normed, router, Rounding::Careful);
    m_backend.chooseExperts(rows.router, m_config.experts.weights, *rows.choice);
    norm(rows.x, w.expertsNorm, rows.normed);
    mixture(w, rows.normed, rows);
    m_backend.combineExperts(rows.parts, *rows.choice, w.expertScales.get(), Write::Replace, rows.normed);
    norm(rows.normed, w.expertsPostNorm, rows.normed);
    m_backend.add(rows.second, rows.normed);
    addBranch(rows.normed, w.feedForwardPostNorm, rows);
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
    if (batch.top != nullptr)
        m_backend.topLogits(logits, *batch.top);
}

} // namespace engine
