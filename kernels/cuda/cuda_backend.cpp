#include "kernels/cuda/cuda_backend.h"

#include "kernels/cuda/attention.h"
#include "kernels/cuda/linear.h"
#include "kernels/cuda/memory.h"
#include "kernels/cuda/probe.h"
#include "kernels/cuda/top_logits.h"
#include "kernels/gpu/step_words.h"

#include <algorithm>

namespace kernels::cuda {
namespace {

/// Records operations; submit() runs them. Every operation sees what those before it have written.
class CudaBackend final : public Backend {
public:
    CudaBackend(const DeviceApi& api, const CudaOptions& options)
        : m_gpu(api, options.card, options.steps), m_attention(m_gpu), m_linear(m_gpu, options),
          m_topLogits(m_gpu) {}

    DeviceInfo info() const override {
        return {.name = m_gpu.device.info().name,
                .instructionSet = featuresOf(m_gpu.device.api(), m_gpu.device.info()),
                .isDiscrete = CudaCard::isDiscrete};
    }

    std::unique_ptr<Weight> makeWeight(const HostMatrix& source, const std::stop_token& stop) override {
        auto weight = std::make_unique<CudaWeight>(m_gpu, source, stop);
        return stop.stop_requested() ? nullptr : std::move(weight);
    }
    std::unique_ptr<Experts> makeExperts(const HostMatrix& stacked, int experts,
                                         const std::stop_token& stop) override {
        auto made = std::make_unique<CudaExperts>(m_gpu, stacked, experts, stop);
        return stop.stop_requested() ? nullptr : std::move(made);
    }
    std::unique_ptr<ExpertChoice> makeExpertChoice(std::int64_t mostTokens, int experts, int used) override {
        return std::make_unique<CudaExpertChoice>(m_gpu, mostTokens, experts, used);
    }
    std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) override {
        return std::make_unique<CudaBuffer>(m_gpu, rows, cols);
    }
    std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) override {
        return std::make_unique<CudaKvCache>(m_gpu, shape);
    }
    void write(Tensor destination, std::span<const float> values) override;
    std::span<const float> read(Tensor source) override;

    void begin(const StepInputs& inputs) override;
    void submit() override;
    void wait() override;

    void embed(const Weight& table, Tensor out) override;
    void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) override {
        norm(x, gain, nullptr, epsilon, out, false);
    }
    void layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) override {
        norm(x, gain, bias, epsilon, out, true);
    }
    void linear(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) override {
        assert(m_stage == Stage::Begun);
        m_linear.run(x, jobs, rounding);
    }
    void chooseExperts(Tensor logits, ExpertWeights weights, ExpertChoice& choice) override;
    void linearExperts(Tensor x, std::span<const ExpertJob> jobs, const ExpertChoice& choice,
                       Rounding) override {
        assert(m_stage == Stage::Begun);
        m_linear.runExperts(x, jobs, static_cast<const CudaExpertChoice&>(choice));
    }
    void combineExperts(Tensor parts, const ExpertChoice& choice, const Buffer* scales, Write write,
                        Tensor out) override;
    void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) override;
    void storeKv(KvCache& cache, int layer, Tensor k, Tensor v) override;
    void attend(const AttendArgs& args) override;
    void gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) override {
        elementwise(ElementwiseOperation::Gated, gate, up, out, 0.0f, activation);
    }
    void activation(Activation activation, Tensor inOut) override {
        elementwise(ElementwiseOperation::Activation, inOut, inOut, inOut, 0.0f, activation);
    }
    void clamp(Tensor inOut, float limit) override {
        elementwise(ElementwiseOperation::Clamp, inOut, inOut, inOut, limit);
    }
    void softcap(Tensor inOut, float cap) override {
        elementwise(ElementwiseOperation::Softcap, inOut, inOut, inOut, cap);
    }
    void add(Tensor x, Tensor inOut) override {
        elementwise(ElementwiseOperation::Add, x, inOut, inOut, 0.0f);
    }
    void scale(Tensor inOut, float factor) override {
        elementwise(ElementwiseOperation::Scale, inOut, inOut, inOut, factor);
    }
    void topLogits(Tensor logits, TopLogits& top) override {
        assert(m_stage == Stage::Begun && logits.rows == 1 && top.listed.size() == m_inputs.listed.size());
        m_topLogits.run(logits, m_words + m_step.listedAt, top);
    }
    std::uint64_t takeBytesRead() override { return m_linear.takeBytesRead() + m_attention.takeBytesRead(); }

private:
    enum class Stage { Outside, Begun, Submitted };
    void norm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out, bool isCentred);
    void elementwise(ElementwiseOperation operation, Tensor x, Tensor y, Tensor out, float parameter,
                     Activation activation = Activation::Silu);
    void uploadInputs();

    Gpu m_gpu;
    Attention m_attention;
    Linear m_linear;
    TopLogitsOfCard m_topLogits;
    Stage m_stage = Stage::Outside;
    // Of the step: its inputs and where they lie among the uploaded words.
    StepInputs m_inputs;
    const std::int32_t* m_words = nullptr;
    gpu::StepWords m_step;
};

void CudaBackend::write(Tensor destination, std::span<const float> values) {
    assert(m_stage == Stage::Outside &&
           values.size() == static_cast<std::size_t>(destination.rows * destination.cols));
    m_gpu.device.upload(addressOf(destination), std::as_bytes(values));
}

std::span<const float> CudaBackend::read(Tensor source) {
    assert(m_stage == Stage::Outside);
    std::vector<float>& copy = static_cast<CudaBuffer&>(*source.buffer).copyForReading();
    copy.resize(static_cast<std::size_t>(source.rows * source.cols));
    m_gpu.device.download(addressOf(source), std::as_writable_bytes(std::span(copy)));
    return copy;
}

void CudaBackend::begin(const StepInputs& inputs) {
    assert(m_stage != Stage::Submitted);
    m_stage = Stage::Outside; // where it throws
    m_inputs = inputs;
    m_attention.begin();
    m_topLogits.begin();
    m_gpu.recorder.begin();
    uploadInputs();
    m_stage = Stage::Begun;
}

void CudaBackend::uploadInputs() {
    m_step = gpu::wordsOf(m_inputs, Attention::pieceUnit);
    m_words = m_gpu.recorder.upload(m_step.words);
}

void CudaBackend::submit() {
    assert(m_stage == Stage::Begun);
    m_stage = Stage::Outside; // where it throws
    m_gpu.recorder.submit();
    m_stage = Stage::Submitted;
}

void CudaBackend::wait() {
    assert(m_stage == Stage::Submitted);
    m_stage = Stage::Outside;
    m_inputs = {};
    m_gpu.recorder.wait();
    m_attention.finish();
    m_topLogits.finish();
}

void CudaBackend::embed(const Weight& table, Tensor out) {
    assert(m_stage == Stage::Begun && out.rows == static_cast<std::int64_t>(m_inputs.tokens.size()));
    const PackedRows& packed = static_cast<const CudaWeight&>(table).packed();
    m_gpu.recorder.launch(KernelId::Embed, static_cast<std::uint32_t>(packed.form().form),
                          blocksFor(out.rows * packed.view().chunksOfRow), blockThreads,
                          EmbedArguments{packed.view(), m_words + m_step.tokensAt, addressOf(out),
                                         static_cast<std::int32_t>(out.rows)});
}

void CudaBackend::norm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out, bool isCentred) {
    assert(m_stage == Stage::Begun && x.rows == out.rows && x.cols == out.cols &&
           x.cols % (gain.rows * gain.cols) == 0);
    const std::int64_t rows = x.rows * x.cols / gain.cols;
    m_gpu.recorder.launch(KernelId::Norm, 0, blocksFor(rows, 1), normThreads,
                          NormArguments{addressOf(x), addressOf(gain), addressOf(bias), addressOf(out), rows,
                                        static_cast<std::int32_t>(gain.cols),
                                        static_cast<std::int32_t>(gain.rows), epsilon, isCentred});
}

void CudaBackend::rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) {
    assert(m_stage == Stage::Begun && x.rows == out.rows && x.cols == out.cols && x.cols % headDim == 0);
    const std::int64_t headsOfToken = x.cols / headDim, heads = x.rows * headsOfToken;
    const auto* const angles =
        reinterpret_cast<const float*>(m_words + m_step.anglesAt.at(static_cast<std::size_t>(table)));
    m_gpu.recorder.launch(KernelId::Rope, 0, blocksFor(heads * (headDim - ropeDim / 2)), blockThreads,
                          RopeArguments{addressOf(x), angles, addressOf(out), heads,
                                        static_cast<std::int32_t>(headsOfToken), headDim, ropeDim,
                                        pairing == RopePairing::Neox});
}

void CudaBackend::storeKv(KvCache& cache, int layer, Tensor k, Tensor v) {
    auto& store = static_cast<CudaKvCache&>(cache);
    const auto [kvHeads, headDim] = store.shape().layer(layer);
    assert(m_stage == Stage::Begun && k.rows == static_cast<std::int64_t>(m_inputs.slots.size()));
    assert(k.cols == kvHeads * headDim && v.rows == k.rows && v.cols == k.cols);
    constexpr int lanes = 8, numbers = 32; // that make a block in kernels/kv_store.h
    m_gpu.recorder.launch(
        KernelId::KvStore, 0, blocksFor(2 * k.rows * kvHeads * ((headDim + numbers - 1) / numbers) * lanes),
        blockThreads,
        KvStoreArguments{addressOf(k), addressOf(v), m_words + m_step.slotsAt, store.sinks(layer),
                         store.ring(layer), static_cast<std::int32_t>(k.rows), kvHeads, headDim});
}

void CudaBackend::attend(const AttendArgs& args) {
    assert(m_stage == Stage::Begun && static_cast<std::size_t>(args.view) < m_step.pieces.size());
    const auto view = static_cast<std::size_t>(args.view);
    m_attention.run(args, {&m_inputs.views[view], &m_step.pieces[view], m_words});
}

void CudaBackend::chooseExperts(Tensor logits, ExpertWeights weights, ExpertChoice& choice) {
    auto& own = static_cast<CudaExpertChoice&>(choice);
    assert(m_stage == Stage::Begun && logits.cols == choice.experts() &&
           logits.rows * choice.used() <= own.places());
    constexpr std::int64_t tokensOfBlock = blockThreads / 32; // a warp each
    m_gpu.recorder.launch(KernelId::ChooseExperts, 0,
                          {static_cast<std::uint32_t>((logits.rows + tokensOfBlock - 1) / tokensOfBlock)},
                          blockThreads,
                          ChooseArguments{addressOf(logits), own.chosen(), own.weights(),
                                          static_cast<std::int32_t>(logits.rows), choice.experts(),
                                          choice.used(), weights == ExpertWeights::OfAll});
}

void CudaBackend::combineExperts(Tensor parts, const ExpertChoice& choice, const Buffer* scales, Write write,
                                 Tensor out) {
    const auto& own = static_cast<const CudaExpertChoice&>(choice);
    assert(m_stage == Stage::Begun && parts.rows == out.rows * choice.used() && parts.cols == out.cols);
    m_gpu.recorder.launch(KernelId::CombineExperts, 0, blocksFor(out.rows * out.cols), blockThreads,
                          CombineArguments{addressOf(parts), own.chosen(), own.weights(), addressOf(scales),
                                           addressOf(out), static_cast<std::int32_t>(out.rows), choice.used(),
                                           static_cast<std::int32_t>(out.cols), write == Write::Add});
}

void CudaBackend::elementwise(ElementwiseOperation operation, Tensor x, Tensor y, Tensor out, float parameter,
                              Activation activation) {
    assert(m_stage == Stage::Begun && x.rows == out.rows && x.cols == out.cols && y.cols == out.cols);
    const std::int64_t count = out.rows * out.cols;
    m_gpu.recorder.launch(KernelId::Elementwise, 0, blocksFor(count), blockThreads,
                          ElementwiseArguments{addressOf(x), addressOf(y), addressOf(out), count, operation,
                                               static_cast<std::int32_t>(activation), parameter});
}

} // namespace

std::unique_ptr<Backend> makeBackendOn(const DeviceApi& api, const CudaOptions& options) {
    return std::make_unique<CudaBackend>(api, options);
}

} // namespace kernels::cuda
