#pragma once
#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/packed_weight.h"

#include <span>

namespace kernels::vulkan {

/// Matrix products: one shader for few tokens and one for many, and one for both on devices on the processor, where loads are dear.
class Linear {
public:
    explicit Linear(Gpu& gpu) : m_gpu(gpu) {}
    void run(Tensor x, std::span<const LinearJob> jobs);
    /// Row i of `out` with the expert chosen[i] of those stacked in `weight`; rows of x are shared by as many rows of `out`. The caller has
    /// put a barrier.
    void runExperts(Tensor x, const VulkanWeight& stack, const Slice& chosen, const Buffer* bias, Tensor out);
    std::uint64_t takeBytesRead();

private:
    struct Product;
    void product(Tensor x, const LinearJob& job, Tensor out, const VulkanWeight::Part& part);
    void inLanes(const Product& product);
    void inTiles(const Product& product);
    void byRows(const Product& product, bool isOfExperts);

    Gpu& m_gpu;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::vulkan
