#pragma once
#include "kernels/cpu/linear.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

// Mixtures of experts of the CPU backend: Backend::makeExperts, chooseExperts, linearExperts and combineExperts.
namespace kernels {

class CpuExperts final : public Experts {
public:
    explicit CpuExperts(std::vector<std::unique_ptr<PackedWeight>> experts) : m_experts(std::move(experts)) {}
    int count() const override { return static_cast<int>(m_experts.size()); }
    std::int64_t rows() const override { return m_experts[0]->rows(); }
    std::int64_t cols() const override { return m_experts[0]->cols(); }
    std::size_t bytes() const override;
    const PackedWeight& expert(int index) const { return *m_experts[static_cast<std::size_t>(index)]; }

private:
    std::vector<std::unique_ptr<PackedWeight>> m_experts;
};

class CpuExpertChoice final : public ExpertChoice {
public:
    CpuExpertChoice(std::int64_t tokens, int experts, int used)
        : ExpertChoice(experts, used), m_experts(static_cast<std::size_t>(tokens * used)),
          m_weights(m_experts.size()) {}

    /// Takes the largest logits of each row, the lower index first where they are equal.
    void choose(Matrix logits, ExpertWeights weights);
    std::int64_t tokens() const { return m_tokens; }
    /// Of token t: experts[t * used() + i] and their weights, i = 0 .. used() - 1, the largest first.
    std::span<const std::int32_t> experts() const { return std::span(m_experts).first(count()); }
    std::span<const float> weights() const { return std::span(m_weights).first(count()); }

private:
    std::size_t count() const { return static_cast<std::size_t>(m_tokens * used()); }

    std::int64_t m_tokens = 0;
    std::vector<std::int32_t> m_experts;
    std::vector<float> m_weights;
};

/// ExpertJob with what its handles stand for.
struct ExpertMatrixJob {
    const CpuExperts* experts = nullptr;
    Matrix out;                  // (nTokens * used, rows)
    const float* bias = nullptr; // (experts, rows) or null
};

/// Runs products with the experts that were chosen, each expert's tokens together: the result of a token is the same bit for bit in any
/// company, as with Linear. Engine thread.
class ExpertProducts {
public:
    explicit ExpertProducts(Linear& linear) : m_linear(linear) {}
    /// x: (nTokens, cols), or (nTokens * used, cols) with a row for each expert of a token.
    void run(Matrix x, std::span<const ExpertMatrixJob> jobs, const CpuExpertChoice& choice,
             Rounding rounding);

private:
    void runToken(Matrix x, std::span<const ExpertMatrixJob> jobs, const CpuExpertChoice& choice,
                  Rounding rounding);
    void runExpert(Matrix x, std::span<const ExpertMatrixJob> jobs, int expert,
                   std::span<const std::int64_t> places, int used, Rounding rounding);

    Linear& m_linear;
    std::vector<MatrixJob> m_jobs;
    std::vector<std::int64_t> m_places; // (nTokens * used) rows of the outputs, expert by expert
    std::vector<float> m_in, m_out;
};

/// out (nTokens, cols) = or += the sum over a token's experts of weight * scale of the expert * its row of `parts` (nTokens * used, cols);
/// `scales` may be null.
void combineExperts(Matrix parts, const CpuExpertChoice& choice, const float* scales, Write write,
                    Matrix out);

} // namespace kernels
