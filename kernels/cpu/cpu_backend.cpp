#include "kernels/cpu_backend.h"

#include "kernels/cpu/attention.h"
#include "kernels/cpu/elementwise_kernels.h"
#include "kernels/cpu/huge_memory.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/kv_store.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/thread_pool.h"

#include <algorithm>
#include <cassert>

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

// Of a new cache: a first prompt and its answer.
constexpr int touchedSlots = 1024;

class CpuBackend final : public Backend {
public:
    CpuBackend(const CpuOptions& options, Isa isa)
        : m_isa(isa), m_activations(options.activations), m_elementwise(elementwiseKernels(isa)),
          m_pool(options.threads > 0 ? options.threads : physicalCores()),
          m_linear(m_pool, isa, options.activations), m_attention(m_pool, isa) {}

    DeviceInfo info() const override {
        const std::string threads =
            std::to_string(m_pool.threads()) + (m_pool.threads() == 1 ? " thread" : " threads");
        return {"CPU, " + threads, isaTitle(m_isa), m_pool.threads()};
    }

    std::unique_ptr<Weight> makeWeight(const HostMatrix& source) override {
        return packWeight(source, m_pool, m_isa, m_activations, m_weightMemory);
    }
    std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) override {
        return std::make_unique<CpuBuffer>(rows, cols);
    }
    std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) override {
        auto cache = std::make_unique<CpuKvCache>(shape);
        cache->touch(m_pool, touchedSlots);
        return cache;
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
    void layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) override;
    void linear(Tensor x, std::span<const LinearJob> jobs, Residual residual) override {
        m_linear.run(x, jobs, residual);
    }
    void expectLinear(std::span<const Weight* const> weights) override { m_linear.expect(weights); }
    void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, std::span<const float> cosSin,
              Tensor out) override;
    void storeKv(KvCache& cache, int layer, Tensor k, Tensor v, std::span<const std::int32_t> slots) override;
    void attend(const AttendArgs& args) override { m_attention.run(args); }
    void gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) override;
    void activation(Activation activation, Tensor inOut) override;
    void clamp(Tensor inOut, float limit) override;
    void softcap(Tensor inOut, float cap) override;
    void add(Tensor x, Tensor inOut) override;
    void scale(Tensor inOut, float factor) override;
    std::uint64_t takeBytesRead() override { return m_linear.takeBytesRead() + m_attention.takeBytesRead(); }

private:
    /// Calls body(first, end) for pieces of the rows, in parallel when there are many.
    template <class Body>
    void overRows(std::int64_t rows, std::int64_t cols, const Body& body);

    Isa m_isa;
    ActivationPrecision m_activations;
    const ElementwiseKernels& m_elementwise;
    ThreadPool m_pool;
    std::shared_ptr<WeightMemory> m_weightMemory = WeightMemory::create();
    Linear m_linear;
    Attention m_attention;
};

// Small batches are done before another thread has woken up; larger ones are cut into pieces of about this
// many values.
constexpr std::int64_t PIECE = 16384;

template <class Body>
void CpuBackend::overRows(std::int64_t rows, std::int64_t cols, const Body& body) {
    const std::int64_t rowsOfPiece = std::max<std::int64_t>(1, PIECE / std::max<std::int64_t>(1, cols));
    const int pieces = static_cast<int>((rows + rowsOfPiece - 1) / rowsOfPiece);
    if (pieces <= 1) {
        body(0, rows);
        return;
    }
    m_pool.run(pieces, [&](int piece, int) {
        const std::int64_t first = piece * rowsOfPiece;
        body(first, std::min(rows, first + rowsOfPiece));
    });
}

void CpuBackend::embed(const Weight& table, std::span<const std::int32_t> tokens, Tensor out) {
    const PackedWeight& weight = static_cast<const PackedWeight&>(table);
    assert(out.cols == weight.cols() && out.rows == static_cast<std::int64_t>(tokens.size()));
    overRows(out.rows, out.cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row) {
            const std::int32_t token = tokens[static_cast<std::size_t>(row)];
            assert(token >= 0 && token < weight.rows());
            weight.dequantiseRow(token, out.data + row * out.cols);
        }
    });
}

void CpuBackend::rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && gain.rows == 1 && x.cols % gain.cols == 0);
    const std::int64_t cols = gain.cols;
    overRows(x.rows * x.cols / cols, cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row)
            m_elementwise.rmsNorm(x.data + row * cols, gain.data, epsilon, out.data + row * cols, cols);
    });
}

void CpuBackend::layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && gain.rows == 1 && x.cols % gain.cols == 0);
    const std::int64_t cols = gain.cols;
    const float* const biases = bias ? bias->tensor().data : nullptr;
    overRows(x.rows * x.cols / cols, cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row)
            m_elementwise.layerNorm(x.data + row * cols, gain.data, biases, epsilon, out.data + row * cols,
                                    cols);
    });
}

void CpuBackend::rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, std::span<const float> cosSin,
                      Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && x.cols % headDim == 0 && ropeDim <= headDim);
    assert(ropeDim % 2 == 0 && cosSin.size() == static_cast<std::size_t>(x.rows * ropeDim));
    overRows(x.rows, x.cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row)
            for (std::int64_t head = row * x.cols; head < (row + 1) * x.cols; head += headDim)
                m_elementwise.rope(x.data + head, headDim, ropeDim, pairing, cosSin.data() + row * ropeDim,
                                   out.data + head);
    });
}

void CpuBackend::storeKv(KvCache& cache, int layer, Tensor k, Tensor v, std::span<const std::int32_t> slots) {
    CpuKvCache& store = static_cast<CpuKvCache&>(cache);
    const KvShape& shape = store.shape();
    assert(k.rows == static_cast<std::int64_t>(slots.size()) && k.cols == shape.kvHeads * shape.headDim);
    assert(v.rows == k.rows && v.cols == k.cols);
    overRows(k.rows, k.cols, [&](std::int64_t first, std::int64_t end) {
        for (int head = 0; head < shape.kvHeads; ++head)
            for (std::int64_t row = first; row < end; ++row) {
                const std::int64_t offset = row * k.cols + head * shape.headDim;
                store.write(m_elementwise, layer, head, slots[static_cast<std::size_t>(row)], k.data + offset,
                            v.data + offset);
            }
    });
}

void CpuBackend::gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) {
    assert(gate.rows == up.rows && gate.cols == up.cols && gate.rows == out.rows && gate.cols == out.cols);
    overRows(gate.rows, gate.cols, [&](std::int64_t first, std::int64_t end) {
        const std::int64_t at = first * gate.cols;
        m_elementwise.gated(activation, gate.data + at, up.data + at, out.data + at,
                            (end - first) * gate.cols);
    });
}

void CpuBackend::activation(Activation activation, Tensor inOut) {
    overRows(inOut.rows, inOut.cols, [&](std::int64_t first, std::int64_t end) {
        m_elementwise.activate(activation, inOut.data + first * inOut.cols, (end - first) * inOut.cols);
    });
}

void CpuBackend::clamp(Tensor inOut, float limit) {
    m_elementwise.clamp(inOut.data, limit, inOut.rows * inOut.cols);
}

void CpuBackend::softcap(Tensor inOut, float cap) {
    overRows(inOut.rows, inOut.cols, [&](std::int64_t first, std::int64_t end) {
        m_elementwise.softcap(inOut.data + first * inOut.cols, cap, (end - first) * inOut.cols);
    });
}

void CpuBackend::add(Tensor x, Tensor inOut) {
    assert(x.rows == inOut.rows && x.cols == inOut.cols);
    overRows(x.rows, x.cols, [&](std::int64_t first, std::int64_t end) {
        m_elementwise.add(x.data + first * x.cols, inOut.data + first * x.cols, (end - first) * x.cols);
    });
}

void CpuBackend::scale(Tensor inOut, float factor) {
    m_elementwise.scale(inOut.data, factor, inOut.rows * inOut.cols);
}

} // namespace

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) {
    return std::make_unique<CpuBackend>(options, chooseIsa(options.isa));
}

} // namespace kernels
