#pragma once
#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/packed_weight.h"

#include <span>

namespace kernels::vulkan {

/// Matrix products: one shader for few tokens, one with tiles for many.
class Linear {
public:
    explicit Linear(Gpu& gpu) : m_gpu(gpu) {}
    void run(Tensor x, std::span<const LinearJob> jobs);
    std::uint64_t takeBytesRead();

private:
    void product(Tensor x, const LinearJob& job, Tensor out, const VulkanWeight::Part& part);

    Gpu& m_gpu;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::vulkan
