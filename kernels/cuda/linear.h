#pragma once
#include "kernels/cuda/memory.h"
#include "kernels/cuda_backend.h"

#include <optional>
#include <span>

namespace kernels::cuda {

/// Matrix products. Few rows: a kernel that reads weights once for each, with products of bytes where the weights are quantised. Many:
/// cuBLAS, in half precision where the product bears it, or tiles of our own where there is no cuBLAS: on tensor cores with the same
/// products of bytes, in float32 where the weights are not quantised.
class Linear {
public:
    Linear(Gpu& gpu, const CudaOptions& options)
        : m_gpu(gpu), m_activations(options.activations), m_prefill(options.prefill) {}

    void run(Tensor x, std::span<const LinearJob> jobs, Rounding rounding);
    void runExperts(Tensor x, std::span<const ExpertJob> jobs, const CudaExpertChoice& choice);
    std::uint64_t takeBytesRead() { return std::exchange(m_bytesRead, 0); }

private:
    void vector(const PackedRows& weight, Tensor x, const LinearArguments& arguments, std::int64_t outRows);
    bool meetsBytes(const PackedRows& weight) const;
    const InputUnit* quantised(Tensor x);
    void tiles(const PackedRows& weight, Tensor x, LinearArguments arguments);
    void multiply(const PackedRows& weight, const LinearArguments& arguments, Rounding rounding);
    const void* halves(const LinearArguments& arguments);
    bool canMultiply();

    Gpu& m_gpu;
    CudaActivations m_activations;
    CudaPrefill m_prefill;
    Memory m_units, m_halves, m_expanded;
    const float* m_quantised = nullptr; // what m_units holds within one run()
    const float* m_halved = nullptr;    // and m_halves
    std::optional<bool> m_canMultiply;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::cuda
