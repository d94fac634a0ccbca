#include "tests/support/toy_model.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/toy_vocabulary.h"

#include <cmath>
#include <numbers>
#include <random>

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
    explicit ToyWriter(const ToyShape& shape) : m_shape(shape), m_gauss(shape.seed) {}

    GgufWriter write() {
        addHyperparameters();
        addToyVocabulary(m_writer, m_shape);
        addTensors();
        return std::move(m_writer);
    }

private:
    void addHyperparameters() {
        m_writer.addString("general.architecture", "llama");
        m_writer.addString("general.name", "Toy");
        addUint("llama.block_count", m_shape.layers);
        addUint("llama.context_length", m_shape.trainedLength);
        addUint("llama.embedding_length", m_shape.dim);
        addUint("llama.feed_forward_length", m_shape.ffnDim);
        addUint("llama.attention.head_count", m_shape.heads);
        addUint("llama.attention.head_count_kv", m_shape.kvHeads);
        addUint("llama.attention.key_length", m_shape.headDim);
        addUint("llama.attention.value_length", m_shape.headDim);
        m_writer.addFloat("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        addUint("llama.rope.dimension_count", m_shape.ropeDim > 0 ? m_shape.ropeDim : m_shape.headDim);
        m_writer.addFloat("llama.rope.freq_base", static_cast<float>(m_shape.ropeBase));
        m_writer.addString("llama.rope.pairing", m_shape.neox ? "neox" : "norm");
    }

    // Deviations chosen so that queries, keys, values and logits are of order one: attention is then neither
    // uniform nor a single peak. Every RMS norm hands on rows whose values have a mean square of one.
    void addTensors() {
        const double perDim = 1.0 / std::sqrt(m_shape.dim);
        const double embedding = 1.5 * perDim;
        const int queries = m_shape.heads * m_shape.headDim, keys = m_shape.kvHeads * m_shape.headDim;
        addMatrix("token_embd.weight", m_shape.vocabulary, m_shape.dim, embedding);
        for (int layer = 0; layer < m_shape.layers; ++layer) {
            const std::string block = "blk." + std::to_string(layer) + ".";
            addGain(block + "attn_norm.weight", m_shape.dim);
            addMatrix(block + "attn_q.weight", queries, m_shape.dim, 1.3 * perDim);
            addMatrix(block + "attn_k.weight", keys, m_shape.dim, 1.3 * perDim);
            addMatrix(block + "attn_v.weight", keys, m_shape.dim, perDim);
            addMatrix(block + "attn_output.weight", m_shape.dim, queries, embedding / std::sqrt(queries));
            addGain(block + "ffn_norm.weight", m_shape.dim);
            addMatrix(block + "ffn_gate.weight", m_shape.ffnDim, m_shape.dim, perDim);
            addMatrix(block + "ffn_up.weight", m_shape.ffnDim, m_shape.dim, perDim);
            addMatrix(block + "ffn_down.weight", m_shape.dim, m_shape.ffnDim,
                      2 * embedding / std::sqrt(m_shape.ffnDim));
        }
        addGain("output_norm.weight", m_shape.dim);
        if (!m_shape.tied)
            addMatrix("output.weight", m_shape.vocabulary, m_shape.dim, embedding);
        if (m_shape.ropeFactors)
            addRopeFactors();
    }

    void addUint(const char* key, int value) { m_writer.addUint(key, static_cast<std::uint32_t>(value)); }

    void addGain(const std::string& name, int length) {
        const std::vector<float> values = m_gauss.values(static_cast<std::uint64_t>(length), 0.1, 1.0);
        addFloats(name, values);
    }

    void addFloats(const std::string& name, const std::vector<float>& values) {
        m_writer.addTensor(name, kernels::DType::F32, {values.size()},
                           ByteSink().putRaw(values.data(), values.size() * sizeof(float)).bytes());
    }

    void addMatrix(const std::string& name, int rows, int cols, double deviation) {
        const auto r = static_cast<std::uint64_t>(rows), c = static_cast<std::uint64_t>(cols);
        const std::vector<float> values = m_gauss.values(r * c, deviation);
        const bool fits = cols % kernels::blockLayout(m_shape.type).elements == 0;
        const kernels::DType type = fits ? m_shape.type : kernels::DType::F32;
        m_writer.addTensor(name, type, {c, r}, quantise(type, values.data(), rows, cols));
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
    GgufWriter m_writer;
    Gauss m_gauss;
};

} // namespace

std::filesystem::path writeToyModel(const ToyShape& shape) {
    static int count = 0;
    return ToyWriter(shape).write().write("toy-" + std::to_string(count++) + ".gguf");
}

} // namespace test
