#pragma once
#include "kernels/vulkan/linear.h"

namespace kernels::vulkan {

/// The matrices of all experts, stacked.
class VulkanExperts final : public Experts {
public:
    /// Not whole when a stop was asked for.
    VulkanExperts(Gpu& gpu, const HostMatrix& stacked, int experts, const std::stop_token& stop)
        : m_stack(gpu, stacked, stop), m_count(experts) {}
    int count() const override { return m_count; }
    std::int64_t rows() const override { return m_stack.rows() / m_count; }
    std::int64_t cols() const override { return m_stack.cols(); }
    std::size_t bytes() const override { return m_stack.bytes(); }
    const VulkanWeight& stack() const { return m_stack; }

private:
    VulkanWeight m_stack;
    int m_count;
};

class VulkanExpertChoice final : public ExpertChoice {
public:
    VulkanExpertChoice(Gpu& gpu, std::int64_t mostTokens, int experts, int used)
        : ExpertChoice(experts, used), m_chosen(gpu.local, bytesFor(mostTokens, used)),
          m_weights(gpu.local, bytesFor(mostTokens, used)), m_mostTokens(mostTokens) {}
    std::int64_t mostTokens() const { return m_mostTokens; }
    const Slice& chosen() const { return m_chosen.slice(); } // (tokens, used) indices
    const Slice& weights() const { return m_weights.slice(); }

private:
    static VkDeviceSize bytesFor(std::int64_t tokens, int used) {
        return static_cast<VkDeviceSize>(tokens * used) * sizeof(float);
    }
    Memory m_chosen, m_weights;
    std::int64_t m_mostTokens;
};

/// Mixtures of experts: what was chosen stays on the device. Each token reads its experts' weights for itself.
class ExpertMixtures {
public:
    ExpertMixtures(Gpu& gpu, Linear& linear) : m_gpu(gpu), m_linear(linear) {}
    void choose(Tensor logits, ExpertWeights weights, const VulkanExpertChoice& choice);
    void run(Tensor x, std::span<const ExpertJob> jobs, const VulkanExpertChoice& choice);
    void combine(Tensor parts, const VulkanExpertChoice& choice, const Buffer* scales, Write write,
                 Tensor out);

private:
    Gpu& m_gpu;
    Linear& m_linear;
};

} // namespace kernels::vulkan
