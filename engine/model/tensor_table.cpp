#include "engine/model/tensor_table.h"

#include "engine/gguf_file.h"
#include "engine/presentable.h"

#include <set>
#include <span>

namespace engine {
namespace {

using Shape = std::vector<std::int64_t>;

class Table {
public:
    Table(const ModelConfig& config, Weights& weights) : m_config(config), m_weights(weights) {}

    std::vector<TensorEntry> make() {
        m_weights.layers.resize(static_cast<std::size_t>(m_config.layers));
        matrix("token_embd.weight", m_config.dim, m_config.vocabulary, m_weights.embedding);
        for (int layer = 0; layer < m_config.layers; ++layer) {
            m_prefix = "blk." + std::to_string(layer) + ".";
            const std::size_t before = m_entries.size();
            LayerWeights& weights = m_weights.layers[static_cast<std::size_t>(layer)];
            attention(m_config.layer(layer), weights);
            feedForward(weights);
            if (m_config.experts.count > 0)
                mixture(weights);
            if (m_config.block.layerScale)
                m_entries.push_back({m_prefix + "layer_output_scale.weight", {1}, 0, 0, {}});
            for (TensorEntry& entry : std::span(m_entries).subspan(before))
                entry.layer = layer;
        }
        m_prefix.clear();
        norm("output_norm", m_weights.outputNorm);
        if (!m_config.tiedOutput)
            matrix("output.weight", m_config.dim, m_config.vocabulary, m_weights.output.weight);
        if (m_config.outputBias)
            vector("output.bias", m_config.vocabulary, m_weights.output.bias);
        const RopeConfig& rope = m_config.ropes[0];
        const auto factors = [&](const char* name) { m_entries.push_back({name, {rope.dim / 2}, 0, 0, {}}); };
        if (!rope.longFactors.empty()) {
            factors("rope_factors_short.weight");
            factors("rope_factors_long.weight");
        } else if (!rope.factors.empty()) {
            factors("rope_freqs.weight");
        }
        return std::move(m_entries);
    }

private:
    void attention(const LayerConfig& own, LayerWeights& layer) {
        const BlockConfig& block = m_config.block;
        const std::int64_t queries = std::int64_t{m_config.heads} * own.headDim;
        const std::int64_t keys = std::int64_t{own.kvHeads} * own.headDim;
        if (block.normBefore)
            norm(block.attentionNorm, layer.attentionNorm);
        if (block.fusedQkv)
            fused("attn_qkv", m_config.dim, block.qkvBias,
                  {{&layer.query, queries}, {&layer.key, keys}, {&layer.value, keys}});
        else {
            projection("attn_q", m_config.dim, queries, block.qkvBias, layer.query);
            projection("attn_k", m_config.dim, keys, block.qkvBias, layer.key);
            if (own.ownValues)
                projection("attn_v", m_config.dim, keys, block.qkvBias, layer.value);
        }
        if (block.queryKeyNorm == QueryKeyNorm::OwnForEachHead) {
            rowsOfVectors("attn_q_norm.weight", own.headDim, m_config.heads, layer.queryNorm.gain);
            rowsOfVectors("attn_k_norm.weight", own.headDim, own.kvHeads, layer.keyNorm.gain);
        } else if (block.queryKeyNorm != QueryKeyNorm::None) {
            const bool whole = block.queryKeyNorm == QueryKeyNorm::WholeRow;
            vector("attn_q_norm.weight", whole ? queries : own.headDim, layer.queryNorm.gain);
            vector("attn_k_norm.weight", whole ? keys : own.headDim, layer.keyNorm.gain);
        }
        if (m_config.attention.learnedSinks)
            vector("attn_sinks.weight", m_config.heads, layer.sinkLogits);
        projection("attn_output", queries, m_config.dim, block.outputBias, layer.attentionOut);
        if (block.normAfter)
            norm(block.attentionPostNorm, layer.attentionPostNorm);
    }

    void feedForward(LayerWeights& layer) {
        const BlockConfig& block = m_config.block;
        if (block.normBefore && block.order != BlockOrder::ParallelOneNorm)
            norm(block.feedForwardNorm, layer.feedForwardNorm);
        if (block.normAfter)
            norm(block.feedForwardPostNorm, layer.feedForwardPostNorm);
        if (m_config.ffnDim == 0)
            return;
        if (m_config.experts.shared) {
            projection("ffn_gate_shexp", m_config.dim, m_config.ffnDim, false, layer.gate);
            projection("ffn_up_shexp", m_config.dim, m_config.ffnDim, false, layer.up);
            projection("ffn_down_shexp", m_config.ffnDim, m_config.dim, false, layer.down);
            if (m_config.experts.sharedGate)
                m_entries.push_back(
                    {m_prefix + "ffn_gate_inp_shexp.weight", {m_config.dim}, 0, 1, &layer.sharedGate, 1});
            return;
        }
        if (block.fusedGateUp)
            fused("ffn_up", m_config.dim, block.feedForwardBias,
                  {{&layer.gate, m_config.ffnDim}, {&layer.up, m_config.ffnDim}});
        else {
            if (block.gated)
                projection("ffn_gate", m_config.dim, m_config.ffnDim, block.feedForwardBias, layer.gate);
            projection("ffn_up", m_config.dim, m_config.ffnDim, block.feedForwardBias, layer.up);
        }
        projection("ffn_down", m_config.ffnDim, m_config.dim, block.feedForwardBias, layer.down);
    }

    void mixture(LayerWeights& layer) {
        const ExpertsConfig& experts = m_config.experts;
        projection("ffn_gate_inp", m_config.dim, experts.count, experts.bias, layer.router);
        if (experts.fusedGateUp) {
            stacked("ffn_gate_up_exps", m_config.dim, 2 * experts.ffnDim, 0, experts.ffnDim,
                    layer.gateExperts);
            stacked("ffn_gate_up_exps", m_config.dim, 2 * experts.ffnDim, experts.ffnDim, experts.ffnDim,
                    layer.upExperts);
        } else {
            stacked("ffn_gate_exps", m_config.dim, experts.ffnDim, 0, experts.ffnDim, layer.gateExperts);
            stacked("ffn_up_exps", m_config.dim, experts.ffnDim, 0, experts.ffnDim, layer.upExperts);
        }
        stacked("ffn_down_exps", experts.ffnDim, m_config.dim, 0, m_config.dim, layer.downExperts);
        if (experts.besideDense) {
            vector("ffn_gate_inp.scale", m_config.dim, layer.routerNorm.gain);
            vector("ffn_down_exps.scale", experts.count, layer.expertScales);
            norm("pre_ffw_norm_2", layer.expertsNorm);
            norm("post_ffw_norm_1", layer.densePostNorm);
            norm("post_ffw_norm_2", layer.expertsPostNorm);
        }
    }

    /// Rows [first, first + rows) of each expert's `all`.
    void stacked(const std::string& name, std::int64_t cols, std::int64_t all, std::int64_t first,
                 std::int64_t rows, MixtureProjection& to) {
        const int count = m_config.experts.count;
        m_entries.push_back({m_prefix + name + ".weight", {cols, all, count}, first, rows, &to.weights});
        if (m_config.experts.bias)
            m_entries.push_back({m_prefix + name + ".bias", {all, count}, first, rows, &to.bias});
    }
    /// `rows` vectors of one length, as the rows of a buffer.
    void rowsOfVectors(const std::string& name, std::int64_t length, std::int64_t rows,
                       std::unique_ptr<kernels::Buffer>& to) {
        m_entries.push_back({m_prefix + name, {length, rows}, 0, length, &to});
    }
    void matrix(const std::string& name, std::int64_t cols, std::int64_t rows,
                std::unique_ptr<kernels::Weight>& to) {
        m_entries.push_back({m_prefix + name, {cols, rows}, 0, rows, &to});
    }
    void vector(const std::string& name, std::int64_t length, std::unique_ptr<kernels::Buffer>& to) {
        m_entries.push_back({m_prefix + name, {length}, 0, length, &to});
    }
    void norm(const std::string& name, Norm& to) {
        vector(name + ".weight", m_config.dim, to.gain);
        if (m_config.block.normBias)
            vector(name + ".bias", m_config.dim, to.bias);
    }
    void projection(const std::string& name, std::int64_t cols, std::int64_t rows, bool biased,
                    Projection& to) {
        matrix(name + ".weight", cols, rows, to.weight);
        if (biased)
            vector(name + ".bias", rows, to.bias);
    }
    struct Slice {
        Projection* to;
        std::int64_t rows;
    };
    void fused(const std::string& name, std::int64_t cols, bool biased, const std::vector<Slice>& slices) {
        std::int64_t all = 0, first = 0;
        for (const Slice& slice : slices)
            all += slice.rows;
        for (const Slice& slice : slices) {
            m_entries.push_back(
                {m_prefix + name + ".weight", {cols, all}, first, slice.rows, &slice.to->weight});
            if (biased)
                m_entries.push_back({m_prefix + name + ".bias", {all}, first, slice.rows, &slice.to->bias});
            first += slice.rows;
        }
    }

    const ModelConfig& m_config;
    Weights& m_weights;
    std::string m_prefix;
    std::vector<TensorEntry> m_entries;
};

std::string describe(const Shape& shape) {
    std::string text;
    for (const std::int64_t length : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(length);
    return text;
}

Shape withoutTrailingOnes(Shape shape) {
    while (shape.size() > 1 && shape.back() == 1)
        shape.pop_back();
    return shape;
}

/// Left over in some old files; computed, not read, by everybody.
bool isSuperfluous(std::string_view name) {
    return name.ends_with(".attn_rot_embd") || name.ends_with(".attn_rot_embd.weight") ||
           name.ends_with(".rotary_emb.inv_freq");
}

} // namespace

std::vector<TensorEntry> tensorTable(const ModelConfig& config, Weights& weights) {
    return Table(config, weights).make();
}

void checkTensors(const GgufFile& file, const ModelConfig& config) {
    Weights nothing;
    std::set<std::string, std::less<>> known;
    for (const TensorEntry& entry : tensorTable(config, nothing)) {
        known.insert(entry.name);
        const GgufFile::TensorInfo* tensor = file.findTensor(entry.name);
        if (!tensor)
            file.fail("it lacks the tensor " + entry.name);
        if (withoutTrailingOnes(tensor->shape) != withoutTrailingOnes(entry.shape))
            file.fail("its tensor " + entry.name + " has the shape " + describe(tensor->shape) +
                      " and should have " + describe(entry.shape));
        const bool isVector =
            entry.shape.size() == 1 || std::holds_alternative<TensorEntry::Vector>(entry.to);
        if (isVector && tensor->type != kernels::DType::F32)
            file.fail("its tensor " + entry.name + " is stored as " + kernels::name(tensor->type) +
                      " and should be F32");
    }
    for (const GgufFile::TensorInfo& tensor : file.tensors())
        if (!known.contains(tensor.name) && !isSuperfluous(tensor.name))
            file.fail("it holds the tensor " + presentable(tensor.name) + ", which is unknown in a " +
                      config.architecture + " model");
}

} // namespace engine
