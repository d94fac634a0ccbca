#include "kernels/cpu_backend.h"

#include "kernels/cpu/attention.h"
#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/elementwise_kernels.h"
#include "kernels/cpu/experts.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/kv_store.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu/top_logits.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace kernels {
namespace {

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
        return {"CPU, " + threads, isaTitle(m_isa), m_pool.threads(), true};
    }

    std::unique_ptr<Weight> makeWeight(const HostMatrix& source, const std::stop_token& stop) override {
        return packWeight(source, m_pool, m_isa, m_activations, m_weightMemory, stop);
    }
    std::unique_ptr<Experts> makeExperts(const HostMatrix& stacked, int experts,
                                         const std::stop_token& stop) override;
    std::unique_ptr<ExpertChoice> makeExpertChoice(std::int64_t tokens, int experts, int used) override {
        return std::make_unique<CpuExpertChoice>(tokens, experts, used);
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
        assert(m_stage == Stage::Outside);
        const Matrix to = matrixOf(destination);
        assert(values.size() == static_cast<std::size_t>(to.size()));
        std::copy(values.begin(), values.end(), to.data);
    }
    std::span<const float> read(Tensor source) override {
        assert(m_stage == Stage::Outside);
        const Matrix from = matrixOf(source);
        return {from.data, static_cast<std::size_t>(from.size())};
    }

    // Every operation runs at once.
    void begin(const StepInputs& inputs) override {
        assert(m_stage != Stage::Submitted);
        m_inputs = inputs;
        m_stage = Stage::Begun;
    }
    void submit() override {
        assert(m_stage == Stage::Begun);
        m_stage = Stage::Submitted;
    }
    void wait() override {
        assert(m_stage == Stage::Submitted);
        m_stage = Stage::Outside;
        m_inputs = {};
    }

    void embed(const Weight& table, Tensor out) override;
    void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) override;
    void layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) override;
    void linear(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) override;
    void chooseExperts(Tensor logits, ExpertWeights weights, ExpertChoice& choice) override {
        static_cast<CpuExpertChoice&>(choice).choose(operand(logits), weights);
    }
    void linearExperts(Tensor x, std::span<const ExpertJob> jobs, const ExpertChoice& choice,
                       Rounding rounding) override;
    void combineExperts(Tensor parts, const ExpertChoice& choice, const Buffer* scales, Write write,
                        Tensor out) override {
        kernels::combineExperts(operand(parts), static_cast<const CpuExpertChoice&>(choice),
                                numbersOf(scales), write, operand(out));
    }
    void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) override;
    void storeKv(KvCache& cache, int layer, Tensor k, Tensor v) override;
    void attend(const AttendArgs& args) override {
        m_attention.run(args, stepPart(m_inputs.views, args.view));
    }
    void gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) override;
    void activation(Activation activation, Tensor inOut) override;
    void clamp(Tensor inOut, float limit) override;
    void softcap(Tensor inOut, float cap) override;
    void add(Tensor x, Tensor inOut) override;
    void scale(Tensor inOut, float factor) override;
    void topLogits(Tensor logits, TopLogits& top) override {
        assert(logits.rows == 1);
        const Matrix row = operand(logits);
        m_topLogits.run({row.data, static_cast<std::size_t>(row.cols)}, m_inputs.listed, top);
    }
    std::uint64_t takeBytesRead() override { return m_linear.takeBytesRead() + m_attention.takeBytesRead(); }

private:
    /// Calls body(first, end) for pieces of the rows, in parallel when there are many.
    template <class Body>
    void overRows(std::int64_t rows, std::int64_t cols, const Body& body);
    /// An operand of an operation, which belongs into a step.
    Matrix operand(const Tensor& tensor) const {
        assert(m_stage == Stage::Begun);
        return matrixOf(tensor);
    }
    template <class T>
    const T& stepPart(std::span<const T> all, int index) const {
        assert(m_stage == Stage::Begun && index >= 0 && static_cast<std::size_t>(index) < all.size());
        return all[static_cast<std::size_t>(index)];
    }

    enum class Stage { Outside, Begun, Submitted };
    Isa m_isa;
    ActivationPrecision m_activations;
    const ElementwiseKernels& m_elementwise;
    ThreadPool m_pool;
    std::shared_ptr<WeightMemory> m_weightMemory = WeightMemory::create();
    Linear m_linear;
    ExpertProducts m_expertProducts{m_linear};
    Attention m_attention;
    TopLogitsOfRow m_topLogits;
    Stage m_stage = Stage::Outside;
    StepInputs m_inputs;           // while a step is begun
    std::vector<MatrixJob> m_jobs; // of the call of linear() that runs
    std::vector<ExpertMatrixJob> m_expertJobs;
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

void CpuBackend::embed(const Weight& table, Tensor out) {
    const PackedWeight& weight = static_cast<const PackedWeight&>(table);
    const Matrix to = operand(out);
    const std::span<const std::int32_t> tokens = m_inputs.tokens;
    assert(to.cols == weight.cols() && to.rows == static_cast<std::int64_t>(tokens.size()));
    overRows(to.rows, to.cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row) {
            const std::int32_t token = tokens[static_cast<std::size_t>(row)];
            assert(token >= 0 && token < weight.rows());
            weight.dequantiseRow(token, to.data + row * to.cols);
        }
    });
}

void CpuBackend::rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && x.cols % (gain.rows * gain.cols) == 0);
    const Matrix from = operand(x), gains = operand(gain), to = operand(out);
    const std::int64_t cols = gains.cols;
    overRows(from.size() / cols, cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row)
            m_elementwise.rmsNorm(from.data + row * cols, gains.data + row % gains.rows * cols, epsilon,
                                  to.data + row * cols, cols);
    });
}

void CpuBackend::layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) {
    assert(x.rows == out.rows && x.cols == out.cols && x.cols % (gain.rows * gain.cols) == 0);
    const Matrix from = operand(x), gains = operand(gain), to = operand(out);
    const float* const biases = numbersOf(bias);
    const std::int64_t cols = gains.cols;
    overRows(from.size() / cols, cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row)
            m_elementwise.layerNorm(from.data + row * cols, gains.data + row % gains.rows * cols, biases,
                                    epsilon, to.data + row * cols, cols);
    });
}

void CpuBackend::linear(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) {
    m_jobs.clear();
    for (const LinearJob& job : jobs)
        m_jobs.push_back(
            {static_cast<const PackedWeight*>(job.weight), operand(job.out), job.write, numbersOf(job.bias)});
    m_linear.run(operand(x), m_jobs, rounding);
}

std::unique_ptr<Experts> CpuBackend::makeExperts(const HostMatrix& stacked, int experts,
                                                 const std::stop_token& stop) {
    assert(experts > 0 && stacked.rows % experts == 0);
    HostMatrix one = stacked;
    one.rows = stacked.rows / experts;
    std::vector<std::unique_ptr<PackedWeight>> packed;
    for (int expert = 0; expert < experts; ++expert, one.data += one.bytes()) {
        packed.push_back(packWeight(one, m_pool, m_isa, m_activations, m_weightMemory, stop));
        if (packed.back() == nullptr)
            return nullptr;
    }
    return std::make_unique<CpuExperts>(std::move(packed));
}

void CpuBackend::linearExperts(Tensor x, std::span<const ExpertJob> jobs, const ExpertChoice& choice,
                               Rounding rounding) {
    m_expertJobs.clear();
    for (const ExpertJob& job : jobs)
        m_expertJobs.push_back(
            {static_cast<const CpuExperts*>(job.weights), operand(job.out), numbersOf(job.bias)});
    m_expertProducts.run(operand(x), m_expertJobs, static_cast<const CpuExpertChoice&>(choice), rounding);
}

void CpuBackend::rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) {
    const Matrix from = operand(x), to = operand(out);
    const std::span<const float> cosSin = stepPart(m_inputs.angles, table);
    assert(x.rows == out.rows && x.cols == out.cols && x.cols % headDim == 0 && ropeDim <= headDim);
    assert(ropeDim % 2 == 0 && cosSin.size() == static_cast<std::size_t>(x.rows * ropeDim));
    overRows(from.rows, from.cols, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row)
            for (std::int64_t head = row * from.cols; head < (row + 1) * from.cols; head += headDim)
                m_elementwise.rope(from.data + head, headDim, ropeDim, pairing, cosSin.data() + row * ropeDim,
                                   to.data + head);
    });
}

void CpuBackend::storeKv(KvCache& cache, int layer, Tensor k, Tensor v) {
    CpuKvCache& store = static_cast<CpuKvCache&>(cache);
    const auto [kvHeads, headDim] = store.shape().layer(layer);
    const Matrix keys = operand(k), values = operand(v);
    const std::span<const std::int32_t> slots = m_inputs.slots;
    assert(k.rows == static_cast<std::int64_t>(slots.size()) && k.cols == kvHeads * headDim);
    assert(v.rows == k.rows && v.cols == k.cols);
    overRows(keys.rows, keys.cols,
             [&, kvHeads = kvHeads, headDim = headDim](std::int64_t first, std::int64_t end) {
                 for (int head = 0; head < kvHeads; ++head)
                     for (std::int64_t row = first; row < end; ++row) {
                         const std::int64_t offset = row * keys.cols + head * headDim;
                         store.write(m_elementwise, layer, head, slots[static_cast<std::size_t>(row)],
                                     keys.data + offset, values.data + offset);
                     }
             });
}

void CpuBackend::gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) {
    assert(gate.rows == up.rows && gate.cols == up.cols && gate.rows == out.rows && gate.cols == out.cols);
    const Matrix gates = operand(gate), ups = operand(up), to = operand(out);
    overRows(to.rows, to.cols, [&](std::int64_t first, std::int64_t end) {
        const std::int64_t at = first * to.cols;
        m_elementwise.gated(activation, gates.data + at, ups.data + at, to.data + at,
                            (end - first) * to.cols);
    });
}

void CpuBackend::activation(Activation activation, Tensor inOut) {
    const Matrix values = operand(inOut);
    overRows(values.rows, values.cols, [&](std::int64_t first, std::int64_t end) {
        m_elementwise.activate(activation, values.data + first * values.cols, (end - first) * values.cols);
    });
}

void CpuBackend::clamp(Tensor inOut, float limit) {
    const Matrix values = operand(inOut);
    m_elementwise.clamp(values.data, limit, values.size());
}

void CpuBackend::softcap(Tensor inOut, float cap) {
    const Matrix values = operand(inOut);
    overRows(values.rows, values.cols, [&](std::int64_t first, std::int64_t end) {
        m_elementwise.softcap(values.data + first * values.cols, cap, (end - first) * values.cols);
    });
}

void CpuBackend::add(Tensor x, Tensor inOut) {
    assert(x.rows == inOut.rows && x.cols == inOut.cols);
    const Matrix from = operand(x), to = operand(inOut);
    overRows(to.rows, to.cols, [&](std::int64_t first, std::int64_t end) {
        m_elementwise.add(from.data + first * to.cols, to.data + first * to.cols, (end - first) * to.cols);
    });
}

void CpuBackend::scale(Tensor inOut, float factor) {
    const Matrix values = operand(inOut);
    m_elementwise.scale(values.data, factor, values.size());
}

} // namespace

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) {
    return std::make_unique<CpuBackend>(options, chooseIsa(options.isa));
}

} // namespace kernels
