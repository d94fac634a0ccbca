#pragma once
#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/packed_weight.h"

#include <optional>
#include <span>
#include <vector>

namespace kernels::vulkan {

/// Matrix products: one shader for few tokens and two for many, with cooperative matrices where the device has them and without; and one for
/// both on devices on the processor, where loads are dear.
class Linear {
public:
    explicit Linear(Gpu& gpu) : m_gpu(gpu) {}
    /// Of a step: what was outgrown in the one before may go.
    void begin() { m_outgrown.clear(); }
    void run(Tensor x, std::span<const LinearJob> jobs, Rounding rounding);
    /// Row i of `out` with the expert chosen[i] of those stacked in `weight`; rows of x are shared by as many rows of `out`. The caller has
    /// put a barrier.
    void runExperts(Tensor x, const VulkanWeight& stack, const Slice& chosen, const Buffer* bias, Tensor out);
    std::uint64_t takeBytesRead();

private:
    struct Product;
    /// Activations of linear_halves.comp.
    struct Halves {
        Slice terms, numbers;
        std::uint32_t termsOfNumber;
    };
    bool runsInLanes() const;
    bool takesMatrices(const LinearJob& job) const;
    std::int64_t tokensAtOnce(Tensor x, std::span<const LinearJob> jobs, bool inHalves) const;
    Halves toHalves(Tensor x, Rounding rounding);
    void product(Tensor x, const LinearJob& job, Tensor out, const VulkanWeight::Part& part,
                 const std::optional<Halves>& halves);
    void inLanes(const Product& product);
    void inTiles(const Product& product);
    void onMatrices(const Product& product, std::uint32_t termsOfNumber);
    void byRows(const Product& product, bool isOfExperts);

    Gpu& m_gpu;
    Memory m_halves;
    std::vector<Memory> m_outgrown; // still named by the step's commands
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::vulkan
