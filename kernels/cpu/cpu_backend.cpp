#include "kernels/cpu_backend.h"

#include "kernels/cpu/attention.h"
#include "kernels/cpu/huge_memory.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/kv_store.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/thread_pool.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kernels {
namespace {

class CpuBuffer final : public Buffer {
public:
    CpuBuffer(std::int64_t rows, std::int64_t cols)
        : m_memory(static_cast<std::size_t>(rows * cols) * sizeof(float)), m_rows(rows), m_cols(cols) {}
    Tensor tensor() const override { return {reinterpret_cast<float*>(m_memory.data()), m_rows, m_cols}; }

private:
    HugeMemory m_memory;
    std::int64_t m_rows, m_cols;
};

class CpuBackend final : public Backend {
public:
    CpuBackend(const CpuOptions& options, Isa isa)
        : m_isa(isa), m_pool(options.threads > 0 ? options.threads : physicalCores()),
          m_linear(m_pool, isa, options.activations), m_attention(m_pool, isa) {}

    DeviceInfo info() const override {
        const std::string threads =
            std::to_string(m_pool.threads()) + (m_pool.threads() == 1 ? " thread" : " threads");
        return {"CPU, " + threads, isaTitle(m_isa), m_pool.threads()};
    }

    std::unique_ptr<Weight> makeWeight(const HostMatrix& source) override {
        return packWeight(source, m_pool, m_isa, m_weightMemory);
    }
    std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) override {
        return std::make_unique<CpuBuffer>(rows, cols);
    }
    std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) override {
        return std::make_unique<CpuKvCache>(shape);
    }
    void write(Tensor destination, std::span<const float> values) override {
        assert(values.size() == static_cast<std::size_t>(destination.rows * destination.cols));
        std::copy(values.begin(), values.end(), destination.data);
    }
    std::span<const float> read(Tensor source) override {
        return {source.data, static_cast<std::size_t>(source.rows * source.cols)};
    }

    void embed(const Weight& table, std::span<const std::int32_t> tokens, Tensor out) override;
    void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) override;
    void linear(Tensor x, std::span<const LinearJob> jobs) override { m_linear.run(x, jobs); }
    void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, std::span<const float> cosSin,
              Tensor out) override;
    void storeKv(KvCache& cache, int layer, Tensor k, Tensor v, std::span<const std::int32_t> slots) override;
    void attend(const AttendArgs& args) override { m_attention.run(args); }
    void gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) override;
    void add(Tensor x, Tensor inOut) override;
    void scale(Tensor inOut, float factor) override;
    std::uint64_t takeBytesRead() override { return m_linear.takeBytesRead() + m_attention.takeBytesRead(); }

private:
    Isa m_isa;
    ThreadPool m_pool;
    std::shared_ptr<WeightMemory> m_weightMemory = WeightMemory::create();
    Linear m_linear;
    Attention m_attention;
};

void CpuBackend::embed(const Weight& table, std::span<const std::int32_t> tokens, Tensor out) {
    const PackedWeight& weight = static_cast<const PackedWeight&>(table);
    assert(out.cols == weight.cols() && out.rows == static_cast<std::int64_t>(tokens.size()));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        assert(tokens[i] >= 0 && tokens[i] < weight.rows());
        weight.dequantiseRow(tokens[i], out.data + static_cast<std::int64_t>(i) * out.cols);
    }
}

void CpuBackend::rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && x.cols % gain.cols == 0);
    const std::int64_t cols = gain.cols;
    for (std::int64_t row = 0; row < x.rows * x.cols / cols; ++row) {
        const float* from = x.data + row * cols;
        float* to = out.data + row * cols;
        float sum = 0;
        for (std::int64_t i = 0; i < cols; ++i)
            sum += from[i] * from[i];
        const float factor = 1.0f / std::sqrt(sum / static_cast<float>(cols) + epsilon);
        for (std::int64_t i = 0; i < cols; ++i)
            to[i] = from[i] * factor * gain.data[i];
    }
}

void CpuBackend::rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, std::span<const float> cosSin,
                      Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && x.cols % headDim == 0 && ropeDim <= headDim);
    assert(ropeDim % 2 == 0 && cosSin.size() == static_cast<std::size_t>(x.rows * ropeDim));
    const int half = ropeDim / 2;
    for (std::int64_t row = 0; row < x.rows; ++row) {
        const float* angles = cosSin.data() + row * ropeDim;
        for (std::int64_t head = 0; head < x.cols; head += headDim) {
            const float* from = x.data + row * x.cols + head;
            float* to = out.data + row * x.cols + head;
            for (int i = 0; i < half; ++i) {
                const int a = pairing == RopePairing::Norm ? 2 * i : i;
                const int b = pairing == RopePairing::Norm ? 2 * i + 1 : i + half;
                const float first = from[a], second = from[b];
                to[a] = first * angles[2 * i] - second * angles[2 * i + 1];
                to[b] = first * angles[2 * i + 1] + second * angles[2 * i];
            }
            std::copy(from + ropeDim, from + headDim, to + ropeDim);
        }
    }
}

void CpuBackend::storeKv(KvCache& cache, int layer, Tensor k, Tensor v, std::span<const std::int32_t> slots) {
    CpuKvCache& store = static_cast<CpuKvCache&>(cache);
    const KvShape& shape = store.shape();
    assert(k.rows == static_cast<std::int64_t>(slots.size()) && k.cols == shape.kvHeads * shape.headDim);
    assert(v.rows == k.rows && v.cols == k.cols);
    for (std::int64_t row = 0; row < k.rows; ++row) {
        for (int head = 0; head < shape.kvHeads; ++head) {
            const std::int64_t offset = row * k.cols + head * shape.headDim;
            store.write(layer, head, slots[static_cast<std::size_t>(row)], k.data + offset, v.data + offset);
        }
    }
}

void CpuBackend::gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) {
    assert(gate.rows == up.rows && gate.cols == up.cols && gate.rows == out.rows && gate.cols == out.cols);
    for (std::int64_t i = 0; i < gate.rows * gate.cols; ++i) {
        const float x = gate.data[i];
        // 0.5 (1 + tanh(u)) is the logistic function of 2u.
        const float argument =
            activation == Activation::Silu ? x : 1.5957691216f * (x + 0.044715f * x * x * x);
        out.data[i] = x / (1.0f + std::exp(-argument)) * up.data[i];
    }
}

void CpuBackend::add(Tensor x, Tensor inOut) {
    assert(x.rows == inOut.rows && x.cols == inOut.cols);
    for (std::int64_t i = 0; i < x.rows * x.cols; ++i)
        inOut.data[i] += x.data[i];
}

void CpuBackend::scale(Tensor inOut, float factor) {
    for (std::int64_t i = 0; i < inOut.rows * inOut.cols; ++i)
        inOut.data[i] *= factor;
}

} // namespace

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) {
    return std::make_unique<CpuBackend>(options, chooseIsa(options.isa));
}

} // namespace kernels
