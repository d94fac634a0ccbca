#include "tests/support/gguf_writer.h"
#include "tests/support/toy_model.h"
#include "tests/support/toy_vocabulary.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

// write_random_model FILE SHAPE [SEED]: a llama of random weights with the shape of a real one, as Q4_K with a Q6_K output or as Q4_1 (135m):
// for speed, and to compare devices, where no real model of that size is at hand. Written as it is made; "8b" takes 4.7 GB.
namespace {

using kernels::DType;

struct Shape {
    const char* name;
    int layers, dim, ffnDim, heads, kvHeads, headDim, vocabulary;
    bool tied;
    DType type = DType::Q4_K, outputType = DType::Q6_K;
};
// Those of SmolLM2 135M, whose rows are no whole blocks of Q4_K, Llama 3.2 1B and Llama 3.1 8B.
constexpr Shape shapes[] = {{"135m", 30, 576, 1536, 9, 3, 64, 49152, true, DType::Q4_1},
                            {"1b", 16, 2048, 8192, 32, 8, 64, 128256, true},
                            {"8b", 32, 4096, 14336, 32, 8, 128, 128256, false},
                            {"tiny", 2, 256, 512, 4, 2, 64, 1024, false}};

const Shape& shapeOf(const std::string& name) {
    for (const Shape& shape : shapes)
        if (shape.name == name)
            return shape;
    throw std::runtime_error("There is no shape \"" + name + "\"; there are 135m, 1b, 8b and tiny.");
}

struct Tensor {
    std::string name;
    DType type;
    std::uint64_t rows, cols; // rows 0: a vector
    double deviation;         // of a matrix; a vector is all ones
    std::uint64_t bytes() const {
        const auto layout = kernels::blockLayout(type);
        return (rows > 0 ? rows : 1) * cols / static_cast<std::uint64_t>(layout.elements) *
               static_cast<std::uint64_t>(layout.bytes);
    }
};

// Deviations as toy_model.cpp has them: queries, keys, values and logits of order one.
std::vector<Tensor> tensorsOf(const Shape& s) {
    const auto dim = static_cast<std::uint64_t>(s.dim), ffn = static_cast<std::uint64_t>(s.ffnDim),
               vocabulary = static_cast<std::uint64_t>(s.vocabulary),
               queries = static_cast<std::uint64_t>(s.heads * s.headDim),
               keys = static_cast<std::uint64_t>(s.kvHeads * s.headDim);
    const double perDim = 1.0 / std::sqrt(s.dim), embedding = 1.5 * perDim;
    std::vector<Tensor> tensors{{"token_embd.weight", s.type, vocabulary, dim, embedding}};
    for (int layer = 0; layer < s.layers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        const auto matrix = [&](const char* name, std::uint64_t rows, std::uint64_t cols, double deviation) {
            tensors.push_back({block + name + ".weight", s.type, rows, cols, deviation});
        };
        tensors.push_back({block + "attn_norm.weight", DType::F32, 0, dim, 0});
        matrix("attn_q", queries, dim, 1.3 * perDim);
        matrix("attn_k", keys, dim, 1.3 * perDim);
        matrix("attn_v", keys, dim, perDim);
        matrix("attn_output", dim, queries, embedding / std::sqrt(queries));
        tensors.push_back({block + "ffn_norm.weight", DType::F32, 0, dim, 0});
        matrix("ffn_gate", ffn, dim, perDim);
        matrix("ffn_up", ffn, dim, perDim);
        matrix("ffn_down", dim, ffn, 2 * embedding / std::sqrt(ffn));
    }
    tensors.push_back({"output_norm.weight", DType::F32, 0, dim, 0});
    if (!s.tied)
        tensors.push_back({"output.weight", s.outputType, vocabulary, dim, embedding});
    return tensors;
}

/// Everything in front of the values.
std::vector<std::byte> headOf(const Shape& s, const std::vector<Tensor>& tensors) {
    test::GgufWriter writer;
    writer.addString("general.architecture", "llama");
    writer.addString("general.name", std::string("Random ") + s.name);
    const auto number = [&](const char* name, int value) {
        writer.addUint(std::string("llama.") + name, static_cast<std::uint32_t>(value));
    };
    number("block_count", s.layers);
    number("context_length", 131072);
    number("embedding_length", s.dim);
    number("feed_forward_length", s.ffnDim);
    number("attention.head_count", s.heads);
    number("attention.head_count_kv", s.kvHeads);
    number("rope.dimension_count", s.headDim);
    writer.addFloat("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    writer.addFloat("llama.rope.freq_base", 500000.0f);
    test::addToyVocabulary(writer, {.vocabulary = s.vocabulary});
    std::uint64_t offset = 0;
    for (const Tensor& tensor : tensors) {
        std::vector<std::uint64_t> shape{tensor.cols};
        if (tensor.rows > 0)
            shape.push_back(tensor.rows);
        writer.addRawTensor(tensor.name, test::ggufTypeNumber(tensor.type), shape, offset, {});
        offset += (tensor.bytes() + writer.alignment - 1) / writer.alignment * writer.alignment;
    }
    return writer.bytes();
}

/// Matrices are put together from some thousand random blocks, in random order: quantising each would take minutes.
class Blocks {
public:
    explicit Blocks(std::uint32_t seed) : m_random(seed) {}

    std::vector<std::byte> matrixRow(const Tensor& tensor) {
        const auto layout = kernels::blockLayout(tensor.type);
        const auto bytes = static_cast<std::size_t>(layout.bytes);
        const std::vector<std::byte>& pool = poolOf(tensor.type, tensor.deviation);
        std::vector<std::byte> row(tensor.cols / static_cast<std::uint64_t>(layout.elements) * bytes);
        for (std::size_t at = 0; at < row.size(); at += bytes)
            std::memcpy(row.data() + at, pool.data() + m_random() % poolBlocks * bytes, bytes);
        return row;
    }

private:
    static constexpr int poolBlocks = 4096;

    const std::vector<std::byte>& poolOf(DType type, double deviation) {
        std::vector<std::byte>& pool = m_pools[{type, deviation}];
        if (pool.empty()) {
            const int columns = kernels::blockLayout(type).elements;
            std::normal_distribution<float> normal(0.0f, static_cast<float>(deviation));
            std::vector<float> values(static_cast<std::size_t>(poolBlocks * columns));
            for (float& value : values)
                value = normal(m_random);
            pool = test::quantise(type, values.data(), poolBlocks, columns);
        }
        return pool;
    }

    std::mt19937 m_random;
    std::map<std::pair<DType, double>, std::vector<std::byte>> m_pools;
};

void write(std::ofstream& out, const std::vector<std::byte>& bytes) {
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void writeModel(const char* path, const Shape& shape, std::uint32_t seed) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    const std::vector<Tensor> tensors = tensorsOf(shape);
    write(out, headOf(shape, tensors));
    Blocks blocks(seed);
    for (const Tensor& tensor : tensors) {
        const std::vector<float> ones(tensor.cols, 1.0f);
        if (tensor.rows == 0)
            write(out, test::ByteSink().putRaw(ones.data(), ones.size() * sizeof(float)).bytes());
        for (std::uint64_t row = 0; row < tensor.rows; ++row)
            write(out, blocks.matrixRow(tensor));
        const std::uint64_t alignment = test::GgufWriter().alignment;
        write(out, std::vector<std::byte>((alignment - tensor.bytes() % alignment) % alignment));
    }
    if (!out.flush())
        throw std::runtime_error(std::string("The model could not be written: ") + path);
}

} // namespace

int main(int count, char** words) {
    if (count < 3) {
        std::fputs("usage: write_random_model FILE 135m|1b|8b|tiny [SEED]\n", stderr);
        return 2;
    }
    try {
        writeModel(words[1], shapeOf(words[2]),
                   static_cast<std::uint32_t>(count > 3 ? std::atoi(words[3]) : 1));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
