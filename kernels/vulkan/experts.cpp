#include "kernels/vulkan/experts.h"

#include <algorithm>

namespace kernels::vulkan {

void ExpertMixtures::choose(Tensor logits, ExpertWeights weights, const VulkanExpertChoice& choice) {
    assert(logits.cols == choice.experts() && logits.rows <= choice.mostTokens());
    const Binding from = bindingOf(m_gpu, logits);
    const Binding bindings[] = {from, {choice.chosen()}, {choice.weights()}};
    const std::uint32_t constants[] = {weights == ExpertWeights::OfAll};
    Push push;
    push.add({logits.rows, logits.cols, choice.used(), from.first});
    m_gpu.recorder.barrier();
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::ExpertsChoose, constants), bindings, push.words(),
                            groupsFor(logits.rows, 1));
}

void ExpertMixtures::run(Tensor x, std::span<const ExpertJob> jobs, const VulkanExpertChoice& choice) {
    m_gpu.recorder.barrier(); // no job reads what another writes
    for (const ExpertJob& job : jobs) {
        const auto& experts = static_cast<const VulkanExperts&>(*job.weights);
        assert(x.cols == experts.cols() && job.out.cols == experts.rows());
        assert(job.out.rows % x.rows == 0 && job.out.rows <= choice.mostTokens() * choice.used());
        m_linear.runExperts(x, experts.stack(), choice.chosen(), job.bias, job.out);
    }
}

void ExpertMixtures::combine(Tensor parts, const VulkanExpertChoice& choice, const Buffer* scales,
                             Write write, Tensor out) {
    assert(parts.rows == out.rows * choice.used() && parts.cols == out.cols);
    // As many tokens at a time as fit into a binding, with room for where it begins.
    const std::int64_t tokens =
        std::max<std::int64_t>(1, m_gpu.floatsOfBinding() / (parts.cols * choice.used()));
    m_gpu.recorder.barrier();
    for (std::int64_t first = 0; first < out.rows; first += tokens) {
        const std::int64_t count = std::min(tokens, out.rows - first);
        const Binding from = bindingOf(m_gpu, parts.rowRange(first * choice.used(), count * choice.used())),
                      to = bindingOf(m_gpu, out.rowRange(first, count)),
                      factors = scales ? bindingOf(m_gpu, scales) : from;
        const Binding bindings[] = {from, {choice.chosen()}, {choice.weights()}, factors, to};
        Push push;
        push.add({count, out.cols, choice.used(), from.first, to.first, scales != nullptr, factors.first,
                  write == Write::Add, first});
        m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::ExpertsCombine, {}), bindings, push.words(),
                                groupsFor(count * out.cols));
    }
}

} // namespace kernels::vulkan
