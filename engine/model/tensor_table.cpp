#include "engine/model/tensor_table.h"

#include "engine/gguf_file.h"
#include "engine/presentable.h"

#include <set>

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
            attention(m_weights.layers[static_cast<std::size_t>(layer)]);
            feedForward(m_weights.layers[static_cast<std::size_t>(layer)]);
        }
        m_prefix.clear();
        norm("output_norm", m_weights.outputNorm);
        if (!m_config.tiedOutput)
            matrix("output.weight", m_config.dim, m_config.vocabulary, m_weights.output.weight);
        if (m_config.outputBias)
            vector("output.bias", m_config.vocabulary, m_weights.output.bias);
        if (!m_config.ropes[0].factors.empty())
            m_entries.push_back({"rope_freqs.weight", {m_config.ropeDim / 2}, 0, 0, {}});
        return std::move(m_entries);
    }

private:
    void attention(LayerWeights& layer) {
        const BlockConfig& block = m_config.block;
        const std::int64_t queries = std::int64_t{m_config.heads} * m_config.headDim;
        const std::int64_t keys = std::int64_t{m_config.kvHeads} * m_config.headDim;
        if (block.normBefore)
            norm(block.attentionNorm, layer.attentionNorm);
        if (block.fusedQkv)
            fused("attn_qkv", m_config.dim, block.qkvBias,
                  {{&layer.query, queries}, {&layer.key, keys}, {&layer.value, keys}});
        else {
            projection("attn_q", m_config.dim, queries, block.qkvBias, layer.query);
            projection("attn_k", m_config.dim, keys, block.qkvBias, layer.key);
            projection("attn_v", m_config.dim, keys, block.qkvBias, layer.value);
        }
        if (block.queryKeyNorm != QueryKeyNorm::None) {
            const bool whole = block.queryKeyNorm == QueryKeyNorm::WholeRow;
            vector("attn_q_norm.weight", whole ? queries : m_config.headDim, layer.queryNorm.gain);
            vector("attn_k_norm.weight", whole ? keys : m_config.headDim, layer.keyNorm.gain);
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
        if (block.fusedGateUp)
            fused("ffn_up", m_config.dim, block.feedForwardBias,
                  {{&layer.gate, m_config.ffnDim}, {&layer.up, m_config.ffnDim}});
        else {
            if (block.gated)
                projection("ffn_gate", m_config.dim, m_config.ffnDim, block.feedForwardBias, layer.gate);
            projection("ffn_up", m_config.dim, m_config.ffnDim, block.feedForwardBias, layer.up);
        }
        projection("ffn_down", m_config.ffnDim, m_config.dim, block.feedForwardBias, layer.down);
        if (block.normAfter)
            norm(block.feedForwardPostNorm, layer.feedForwardPostNorm);
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
        if (entry.shape.size() == 1 && tensor->type != kernels::DType::F32)
            file.fail("its tensor " + entry.name + " is stored as " + kernels::name(tensor->type) +
                      " and should be F32");
    }
    for (const GgufFile::TensorInfo& tensor : file.tensors())
        if (!known.contains(tensor.name) && !isSuperfluous(tensor.name))
            file.fail("it holds the tensor " + presentable(tensor.name) + ", which is unknown in a " +
                      config.architecture + " model");
}

} // namespace engine
