#include "kernels/cuda/linear.h"

#include <algorithm>

namespace kernels::cuda {
namespace {

constexpr std::int64_t fewTokens = 8; // up to here each reads the weights for itself
constexpr std::int64_t inputColumns = 32;
constexpr std::int32_t expandedNumbers = 16 << 20; // of weights for cuBLAS at a time: 64 MiB at most
constexpr std::int64_t mostRowsAtOnce = 32768;     // blocks in the second direction

std::uint32_t variantOfBytes(gpu::Form form) {
    return form == gpu::Form::Four ? 0 : 1;
}

Blocks tilesOf(const LinearArguments& arguments, int rows, int tokens) {
    return {static_cast<std::uint32_t>((arguments.rows + rows - 1) / rows),
            static_cast<std::uint32_t>((arguments.tokens + tokens - 1) / tokens)};
}

} // namespace

void Linear::run(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) {
    m_quantised = m_halved = nullptr;
    for (const LinearJob& job : jobs) {
        const auto& weight = static_cast<const CudaWeight&>(*job.weight);
        assert(x.cols == weight.cols() && job.out.rows == x.rows && job.out.cols == weight.rows());
        const LinearArguments arguments{.weight = weight.packed().view(),
                                        .x = addressOf(x),
                                        .out = addressOf(job.out),
                                        .bias = addressOf(job.bias),
                                        .rows = static_cast<std::int32_t>(weight.rows()),
                                        .tokens = static_cast<std::int32_t>(x.rows),
                                        .isAdded = job.write == Write::Add,
                                        .rowsOfInput = 1};
        if (x.rows <= fewTokens)
            vector(weight.packed(), x, arguments, x.rows);
        else if (canMultiply())
            multiply(weight.packed(), arguments, rounding);
        else
            tiles(weight.packed(), x, arguments);
        m_bytesRead += weight.bytes();
    }
}

void Linear::runExperts(Tensor x, std::span<const ExpertJob> jobs, const CudaExpertChoice& choice) {
    m_quantised = nullptr;
    for (const ExpertJob& job : jobs) {
        const auto& experts = static_cast<const CudaExperts&>(*job.weights);
        const std::int64_t used = choice.used(), places = job.out.rows;
        assert(x.cols == experts.cols() && job.out.cols == experts.rows() && places <= choice.places() &&
               (x.rows == places || x.rows * used == places));
        const LinearArguments arguments{.weight = experts.packed().view(),
                                        .x = addressOf(x),
                                        .out = addressOf(job.out),
                                        .bias = addressOf(job.bias),
                                        .rows = static_cast<std::int32_t>(experts.rows()),
                                        .tokens = static_cast<std::int32_t>(places),
                                        .rowsOfInput = static_cast<std::int32_t>(places / x.rows),
                                        .experts = choice.chosen()};
        vector(experts.packed(), x, arguments, places);
        m_bytesRead += experts.bytes() / static_cast<std::size_t>(experts.count()) *
                       static_cast<std::size_t>(std::min<std::int64_t>(places, experts.count()));
    }
}

bool Linear::meetsBytes(const PackedRows& weight) const {
    return !weight.form().isPlain() && m_activations == CudaActivations::Words;
}

void Linear::vector(const PackedRows& weight, Tensor x, const LinearArguments& arguments,
                    std::int64_t outRows) {
    const gpu::Form form = weight.form().form;
    const bool isBytes = meetsBytes(weight);
    LinearArguments own = arguments;
    own.units = isBytes ? quantised(x) : nullptr;
    const std::int64_t inputRows = mostRowsAtOnce / own.rowsOfInput, step = inputRows * own.rowsOfInput;
    for (std::int64_t first = 0; first < outRows; first += step) {
        const Blocks blocks{static_cast<std::uint32_t>((own.rows + rowsOfBlock - 1) / rowsOfBlock),
                            static_cast<std::uint32_t>(std::min(step, outRows - first))};
        const KernelId kernel = isBytes ? KernelId::LinearVectorBytes : KernelId::LinearVector;
        const std::uint32_t variant = isBytes ? variantOfBytes(form) : static_cast<std::uint32_t>(form);
        m_gpu.recorder.launch(kernel, variant, blocks, blockThreads, own);
        own.out += step * own.rows;
        own.x += inputRows * x.cols;
        if (own.units)
            own.units += inputRows * (x.cols / inputColumns);
        if (own.experts)
            own.experts += step;
    }
}

void Linear::tiles(const PackedRows& weight, Tensor x, LinearArguments arguments) {
    const gpu::Form form = weight.form().form;
    if (meetsBytes(weight)) {
        arguments.units = quantised(x);
        m_gpu.recorder.launch(KernelId::LinearMatrixBytes, variantOfBytes(form),
                              tilesOf(arguments, byteTileRows, byteTileTokens), byteTileThreads, arguments);
    } else {
        m_gpu.recorder.launch(KernelId::LinearMatrix, static_cast<std::uint32_t>(form),
                              tilesOf(arguments, matrixTile, matrixTile), matrixThreads, arguments);
    }
}

/// Weights become plain numbers some rows at a time, which the next kernel finds in the card's cache.
void Linear::multiply(const PackedRows& weight, const LinearArguments& arguments, Rounding rounding) {
    const bool isHalf = rounding == Rounding::Robust;
    const std::int32_t cols = arguments.weight.cols;
    const std::int32_t most = std::max(1, expandedNumbers / cols);
    Recorder& recorder = m_gpu.recorder;
    const void* const x = isHalf ? halves(arguments) : arguments.x;
    if (arguments.bias)
        recorder.launch(KernelId::PlaceBias, 0, blocksFor(std::int64_t{arguments.tokens} * arguments.rows),
                        blockThreads,
                        BiasArguments{arguments.bias, arguments.out, arguments.tokens, arguments.rows,
                                      arguments.isAdded});
    void* const expanded =
        recorder.scratch(m_expanded, static_cast<std::size_t>(std::min(most, arguments.rows)) *
                                         static_cast<std::size_t>(cols) * sizeof(float));
    for (std::int32_t first = 0; first < arguments.rows; first += most) {
        const std::int32_t rows = std::min(most, arguments.rows - first);
        recorder.launch(KernelId::ExpandRows, static_cast<std::uint32_t>(weight.form().form),
                        blocksFor(std::int64_t{rows} * arguments.weight.chunksOfRow), blockThreads,
                        ExpandArguments{arguments.weight, first, expanded, rows, isHalf});
        recorder.multiply({.weights = expanded,
                           .x = x,
                           .out = arguments.out + first,
                           .isHalf = isHalf,
                           .rows = rows,
                           .cols = cols,
                           .tokens = arguments.tokens,
                           .outCols = arguments.rows,
                           .isAdded = arguments.isAdded || arguments.bias});
    }
}

/// All jobs of a run share them.
const void* Linear::halves(const LinearArguments& arguments) {
    const std::int64_t count = std::int64_t{arguments.tokens} * arguments.weight.cols;
    void* const out = m_gpu.recorder.scratch(m_halves, static_cast<std::size_t>(count) * 2);
    if (m_halved != arguments.x) {
        m_halved = arguments.x;
        m_gpu.recorder.launch(KernelId::ToHalves, 0, blocksFor(count), blockThreads,
                              HalvesArguments{arguments.x, out, count});
    }
    return out;
}

/// Asked at the first prompt: the library takes a while to load.
bool Linear::canMultiply() {
    if (!m_canMultiply)
        m_canMultiply =
            m_prefill == CudaPrefill::Cublas && m_gpu.device.api().canMultiply(m_gpu.device.handle()) != 0;
    return *m_canMultiply;
}

/// All jobs of a run share it.
const InputUnit* Linear::quantised(Tensor x) {
    const std::int64_t units = x.rows * x.cols / inputColumns;
    auto* const out = reinterpret_cast<InputUnit*>(
        m_gpu.recorder.scratch(m_units, static_cast<std::size_t>(units) * sizeof(InputUnit)));
    if (m_quantised != addressOf(x)) {
        m_quantised = addressOf(x);
        m_gpu.recorder.launch(KernelId::QuantiseInputs, 0, blocksFor(units * 8), blockThreads,
                              QuantiseArguments{m_quantised, out, units});
    }
    return out;
}

} // namespace kernels::cuda
