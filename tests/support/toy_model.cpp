#include "tests/support/toy_model.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/toy_families.h"
#include "tests/support/toy_vocabulary.h"

#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>

namespace test {

namespace {

/// Random numbers that are the same with every standard library.
class Gauss {
public:
    explicit Gauss(std::uint32_t seed) : m_random(seed) {}

    std::vector<float> values(std::uint64_t count, double deviation, double mean = 0) {
        std::vector<float> result(count);
        for (float& value : result) { // Box-Muller
            const double radius = std::sqrt(-2.0 * std::log((m_random() + 1.0) / 4294967297.0));
            const double angle = 2.0 * std::numbers::pi * m_random() / 4294967296.0;
            value = static_cast<float>(mean + deviation * radius * std::cos(angle));
        }
        return result;
    }

private:
    std::mt19937 m_random;
};

class ToyWriter {
public:
    explicit ToyWriter(const ToyShape& shape)
        : m_shape(shape), m_family(toyFamily(shape.architecture)),
          m_parts(static_cast<std::size_t>(shape.parts)), m_writer(m_parts[0]), m_gauss(shape.seed) {}

    /// The files of the model, one for each part.
    std::vector<GgufWriter> write() {
        addHyperparameters();
        addToyVocabulary(m_writer, m_shape);
        addTensors();
        for (std::uint32_t part = 0; m_parts.size() > 1 && part < m_parts.size(); ++part) {
            m_parts[part].addUint("split.no", part);
            m_parts[part].addUint("split.count", static_cast<std::uint32_t>(m_parts.size()));
            m_parts[part].addUint("split.tensors.count", m_tensors);
        }
        return std::move(m_parts);
    }

private:
    std::string key(const char* name) const { return m_shape.architecture + "." + name; }

    void addHyperparameters() {
        m_writer.addString("general.architecture", m_shape.architecture);
        m_writer.addString("general.name", "Toy");
        addUint("block_count", m_shape.layers);
        addUint("context_length", m_shape.trainedLength);
        addUint("embedding_length", m_shape.dim);
        addUint("feed_forward_length", m_shape.ffnDim);
        addUint("attention.head_count", m_shape.heads);
        addUint("attention.head_count_kv", m_shape.kvHeads);
        addUint("attention.key_length", m_shape.headDim);
        addUint("attention.value_length", m_shape.headDim);
        m_writer.addFloat(
            key(m_family.layerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"),
            1e-5f);
        addUint("rope.dimension_count", m_shape.ropeDim > 0 ? m_shape.ropeDim : m_shape.headDim);
        m_writer.addFloat(key("rope.freq_base"), static_cast<float>(m_shape.ropeBase));
        if (m_shape.architecture == "llama")
            m_writer.addString(key("rope.pairing"), m_shape.neox ? "neox" : "norm");
        for (const auto& [name, value] : m_family.floats)
            m_writer.addFloat(key(name), value);
        for (const auto& [name, value] : m_family.numbers)
            addUint(name, value);
        if (m_family.experts > 0) {
            addUint("expert_count", m_family.experts);
            addUint("expert_used_count", 3);
            addUint("expert_feed_forward_length", m_shape.ffnDim / 2);
        }
        if (m_family.sharedExpert)
            addUint("expert_shared_feed_forward_length", m_shape.ffnDim / 4);
        if (m_family.twoWidths) {
            addUint("attention.key_length_swa", m_shape.headDim / 2);
            addUint("rope.dimension_count_swa", m_shape.headDim / 2);
            std::vector<int> sliding;
            for (int layer = 0; layer < m_shape.layers; ++layer)
                sliding.push_back(!isWide(layer));
            m_writer.addBools(key("attention.sliding_window_pattern"), sliding);
        }
        if (m_family.yarn) {
            m_writer.addString(key("rope.scaling.type"), "yarn");
            m_writer.addFloat(key("rope.scaling.factor"), 4.0f);
        }
    }

    // Deviations chosen so that queries, keys, values and logits are of order one: attention is then neither
    // uniform nor a single peak. Every norm hands on rows whose values have a mean square of one.
    void addTensors() {
        const double embedding = 1.5 / std::sqrt(m_shape.dim);
        addMatrix("token_embd.weight", m_shape.vocabulary, m_shape.dim, embedding);
        for (int layer = 0; layer < m_shape.layers; ++layer) {
            m_block = "blk." + std::to_string(layer) + ".";
            addAttention(layer);
            addFeedForward();
            if (m_family.twoWidths)
                addFloats(m_block + "layer_output_scale.weight", m_gauss.values(1, 0.1, 0.9));
        }
        m_block.clear();
        addNorm("output_norm");
        if (!m_shape.tied)
            addMatrix("output.weight", m_shape.vocabulary, m_shape.dim, embedding);
        if (m_shape.ropeFactors)
            addRopeFactors();
        if (m_family.longRope) {
            addFloats("rope_factors_short.weight", m_gauss.values(ropePairs(), 0.2, 1.2));
            addFloats("rope_factors_long.weight", m_gauss.values(ropePairs(), 0.5, 4.0));
        }
    }

    bool isWide(int layer) const { return layer % 3 == 2; }

    void addAttention(int layer) {
        const double perDim = 1.0 / std::sqrt(m_shape.dim), embedding = 1.5 * perDim;
        const int headDim = m_family.twoWidths && !isWide(layer) ? m_shape.headDim / 2 : m_shape.headDim;
        const int queries = m_shape.heads * headDim, keys = m_shape.kvHeads * headDim;
        if (m_family.normBefore)
            addNorm("attn_norm");
        if (m_family.fusedQkv)
            addProjection("attn_qkv", queries + 2 * keys, m_shape.dim, 1.2 * perDim, m_family.qkvBias);
        else {
            addProjection("attn_q", queries, m_shape.dim, 1.3 * perDim, m_family.qkvBias);
            addProjection("attn_k", keys, m_shape.dim, 1.3 * perDim, m_family.qkvBias);
            if (!m_family.twoWidths || !isWide(layer))
                addProjection("attn_v", keys, m_shape.dim, perDim, m_family.qkvBias);
        }
        if (m_family.queryKeyNorm == ToyFamily::OwnForEachHead) {
            addGains(m_block + "attn_q_norm.weight", headDim, m_shape.heads);
            addGains(m_block + "attn_k_norm.weight", headDim, m_shape.kvHeads);
        } else if (m_family.queryKeyNorm != ToyFamily::None) {
            const bool whole = m_family.queryKeyNorm == ToyFamily::WholeRow;
            addGain(m_block + "attn_q_norm.weight", whole ? queries : headDim);
            addGain(m_block + "attn_k_norm.weight", whole ? keys : headDim);
        }
        if (m_family.learnedSinks)
            addFloats(m_block + "attn_sinks.weight",
                      m_gauss.values(static_cast<std::uint64_t>(m_shape.heads), 1.0, 1.0));
        addProjection("attn_output", m_shape.dim, queries, embedding / std::sqrt(queries),
                      m_family.outputBias);
        if (m_family.normAfter)
            addNorm("post_attention_norm");
    }

    void addFeedForward() {
        const double perDim = 1.0 / std::sqrt(m_shape.dim), embedding = 1.5 * perDim;
        if (m_family.normBefore && m_family.secondNorm)
            addNorm(m_family.feedForwardNorm);
        if (m_family.normAfter)
            addNorm("post_ffw_norm");
        if (m_family.experts > 0) {
            addExperts();
            return;
        }
        if (m_family.gated && !m_family.fusedGateUp)
            addProjection("ffn_gate", m_shape.ffnDim, m_shape.dim, perDim, m_family.feedForwardBias);
        addProjection("ffn_up", m_family.fusedGateUp ? 2 * m_shape.ffnDim : m_shape.ffnDim, m_shape.dim,
                      perDim, m_family.feedForwardBias);
        addProjection("ffn_down", m_shape.dim, m_shape.ffnDim, 2 * embedding / std::sqrt(m_shape.ffnDim),
                      m_family.feedForwardBias);
    }

    void addExperts() {
        const double perDim = 1.0 / std::sqrt(m_shape.dim), embedding = 1.5 * perDim;
        const int inner = m_shape.ffnDim / 2;
        addProjection("ffn_gate_inp", m_family.experts, m_shape.dim, 2 * perDim, m_family.expertBias);
        addStacked("ffn_gate_exps", inner, m_shape.dim, perDim);
        addStacked("ffn_up_exps", inner, m_shape.dim, perDim);
        addStacked("ffn_down_exps", m_shape.dim, inner, 3 * embedding / std::sqrt(inner));
        if (m_family.sharedExpert) {
            addProjection("ffn_gate_shexp", inner / 2, m_shape.dim, perDim, false);
            addProjection("ffn_up_shexp", inner / 2, m_shape.dim, perDim, false);
            addProjection("ffn_down_shexp", m_shape.dim, inner / 2, 3 * embedding / std::sqrt(inner), false);
            if (m_family.sharedGate)
                addFloats(m_block + "ffn_gate_inp_shexp.weight",
                          m_gauss.values(static_cast<std::uint64_t>(m_shape.dim), 2 * perDim));
        }
    }
    void addStacked(const std::string& name, int rows, int cols, double deviation) {
        const auto r = static_cast<std::uint64_t>(rows), c = static_cast<std::uint64_t>(cols),
                   e = static_cast<std::uint64_t>(m_family.experts);
        const std::vector<float> values = m_gauss.values(r * c * e, deviation);
        addTensor(m_block + name + ".weight", kernels::DType::F32, {c, r, e},
                  ByteSink().putRaw(values.data(), values.size() * sizeof(float)).bytes());
        if (m_family.expertBias)
            addGains(m_block + name + ".bias", rows, m_family.experts);
    }

    void addNorm(const std::string& name) {
        addGain(m_block + name + ".weight", m_shape.dim);
        if (m_family.normBias)
            addBias(m_block + name + ".bias", m_shape.dim);
    }
    void addProjection(const std::string& name, int rows, int cols, double deviation, bool biased) {
        addMatrix(m_block + name + ".weight", rows, cols, deviation);
        if (biased)
            addBias(m_block + name + ".bias", rows);
    }
    void addBias(const std::string& name, int length) {
        addFloats(name, m_gauss.values(static_cast<std::uint64_t>(length), 0.3));
    }

    std::uint64_t ropePairs() const {
        return static_cast<std::uint64_t>(m_shape.ropeDim > 0 ? m_shape.ropeDim : m_shape.headDim) / 2;
    }

    void addUint(const char* name, int value) {
        m_writer.addUint(key(name), static_cast<std::uint32_t>(value));
    }

    void addGains(const std::string& name, int length, int rows) {
        const std::vector<float> values = m_gauss.values(static_cast<std::uint64_t>(length * rows), 0.3, 1.0);
        addTensor(name, kernels::DType::F32,
                  {static_cast<std::uint64_t>(length), static_cast<std::uint64_t>(rows)},
                  ByteSink().putRaw(values.data(), values.size() * sizeof(float)).bytes());
    }
    void addGain(const std::string& name, int length) {
        const std::vector<float> values = m_gauss.values(static_cast<std::uint64_t>(length), 0.1, 1.0);
        addFloats(name, values);
    }

    void addFloats(const std::string& name, const std::vector<float>& values) {
        addTensor(name, kernels::DType::F32, {values.size()},
                  ByteSink().putRaw(values.data(), values.size() * sizeof(float)).bytes());
    }

    void addMatrix(const std::string& name, int rows, int cols, double deviation) {
        const auto r = static_cast<std::uint64_t>(rows), c = static_cast<std::uint64_t>(cols);
        const std::vector<float> values = m_gauss.values(r * c, deviation);
        const bool fits = cols % kernels::blockLayout(m_shape.type).elements == 0;
        const kernels::DType type = fits ? m_shape.type : kernels::DType::F32;
        addTensor(name, type, {c, r}, quantise(type, values.data(), rows, cols));
    }

    /// To one part after the other.
    void addTensor(const std::string& name, kernels::DType type, const std::vector<std::uint64_t>& shape,
                   std::vector<std::byte> data) {
        m_parts[m_tensors++ % m_parts.size()].addTensor(name, type, shape, std::move(data));
    }

    /// Like Llama 3: fast frequencies stay, slow ones are divided by 8, with a slope between them.
    void addRopeFactors() {
        const int pairs = m_shape.headDim / 2;
        std::vector<float> factors;
        for (int pair = 0; pair < pairs; ++pair) {
            const double place = pairs > 1 ? pair / (pairs - 1.0) : 0.0;
            factors.push_back(static_cast<float>(place < 0.3   ? 1.0
                                                 : place > 0.7 ? 8.0
                                                               : 1.0 + 7.0 * (place - 0.3) / 0.4));
        }
        addFloats("rope_freqs.weight", factors);
    }

    ToyShape m_shape;
    const ToyFamily& m_family;
    std::string m_block; // of the names
    std::vector<GgufWriter> m_parts;
    GgufWriter& m_writer; // of the first part: it has the metadata
    std::uint32_t m_tensors = 0;
    Gauss m_gauss;
};

} // namespace

std::filesystem::path writeToyModel(const ToyShape& shape) {
    static int count = 0;
    const std::string stem = "toy-" + std::to_string(count++);
    const std::vector<GgufWriter> parts = ToyWriter(shape).write();
    if (parts.size() == 1)
        return parts[0].write(stem + ".gguf");
    std::filesystem::path first;
    for (std::size_t part = parts.size(); part-- > 0;)
        first = parts[part].write(stem + "-0000" + std::to_string(part + 1) + "-of-0000" +
                                  std::to_string(parts.size()) + ".gguf");
    return first;
}

} // namespace test
