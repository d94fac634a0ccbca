#include "kernels/cpu/experts.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kernels {

std::size_t CpuExperts::bytes() const {
    std::size_t bytes = 0;
    for (const auto& expert : m_experts) {
        bytes += expert->bytes();
    }
    return bytes;
}

void CpuExpertChoice::choose(Matrix logits, ExpertWeights style) {
    const int used = this->used();
    m_tokens = logits.rows;
    assert(logits.cols == ExpertChoice::experts() && count() <= m_experts.size());
    for (std::int64_t token = 0; token < logits.rows; ++token) {
        const float* const row = logits.data + token * logits.cols;
        std::int32_t* const chosen = m_experts.data() + token * used;
        float* const weights = m_weights.data() + token * used;
        int found = 0;
        for (std::int32_t expert = 0; expert < logits.cols; ++expert) {
            int place = found; // behind all that are larger or came before
            while (place > 0 && row[expert] > row[chosen[place - 1]]) {
                --place;
            }
            if (place >= used) {
                continue;
            }
            found = std::min(found + 1, used);
            std::copy_backward(chosen + place, chosen + found - 1, chosen + found);
            chosen[place] = expert;
        }
        const double largest = static_cast<double>(row[chosen[0]]);
        const auto power = [&](std::int32_t expert) {
            return std::exp(static_cast<double>(row[expert]) - largest);
        };
        double sum = 0;
        if (style == ExpertWeights::OfAll) {
            for (std::int32_t expert = 0; expert < logits.cols; ++expert) {
                sum += power(expert);
            }
        } else {
            for (int i = 0; i < used; ++i) {
                sum += power(chosen[i]);
            }
        }
        for (int i = 0; i < used; ++i) {
            weights[i] = static_cast<float>(power(chosen[i]) / sum);
        }
    }
}

void ExpertProducts::run(Matrix x, std::span<const ExpertMatrixJob> jobs, const CpuExpertChoice& choice,
                         Rounding rounding) {
    const std::int64_t tokens = choice.tokens();
    const int used = choice.used();
    assert(x.rows == tokens || x.rows == tokens * used);
    if (tokens == 1) {
        runToken(x, jobs, choice, rounding);
        return;
    }
    const std::span<const std::int32_t> chosen = choice.experts();
    m_places.resize(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        m_places[i] = static_cast<std::int64_t>(i);
    }
    std::stable_sort(m_places.begin(), m_places.end(), [&](std::int64_t a, std::int64_t b) {
        return chosen[static_cast<std::size_t>(a)] < chosen[static_cast<std::size_t>(b)];
    });
    for (std::size_t first = 0; first < m_places.size();) {
        const std::int32_t expert = chosen[static_cast<std::size_t>(m_places[first])];
        std::size_t end = first;
        while (end < m_places.size() && chosen[static_cast<std::size_t>(m_places[end])] == expert) {
            ++end;
        }
        runExpert(x, jobs, expert, std::span(m_places).subspan(first, end - first),
                  x.rows == tokens ? used : 1, rounding);
        first = end;
    }
}

/// One token: its row is rounded once for all its experts where they share it, and nothing is copied.
void ExpertProducts::runToken(Matrix x, std::span<const ExpertMatrixJob> jobs, const CpuExpertChoice& choice,
                              Rounding rounding) {
    m_jobs.clear();
    for (int i = 0; i < choice.used(); ++i) {
        const std::int32_t expert = choice.experts()[static_cast<std::size_t>(i)];
        for (const ExpertMatrixJob& job : jobs) {
            const std::int64_t rows = job.out.cols;
            m_jobs.push_back({&job.experts->expert(expert),
                              {job.out.data + i * rows, 1, rows},
                              Write::Replace,
                              job.bias ? job.bias + expert * rows : nullptr});
        }
        if (x.rows > 1) { // a row for each expert
            m_linear.run({x.data + i * x.cols, 1, x.cols}, m_jobs, rounding);
            m_jobs.clear();
        }
    }
    if (!m_jobs.empty()) {
        m_linear.run(x, m_jobs, rounding);
    }
}

/// The rows of `places` of one expert; `used` places share a row of x.
void ExpertProducts::runExpert(Matrix x, std::span<const ExpertMatrixJob> jobs, int expert,
                               std::span<const std::int64_t> places, int used, Rounding rounding) {
    const auto count = static_cast<std::int64_t>(places.size());
    m_in.resize(static_cast<std::size_t>(count * x.cols));
    for (std::int64_t i = 0; i < count; ++i) {
        const float* const from = x.data + places[static_cast<std::size_t>(i)] / used * x.cols;
        std::copy_n(from, x.cols, m_in.data() + i * x.cols);
    }
    std::int64_t width = 0;
    for (const ExpertMatrixJob& job : jobs) {
        width += job.out.cols;
    }
    m_out.resize(static_cast<std::size_t>(count * width));
    m_jobs.clear();
    float* out = m_out.data();
    for (const ExpertMatrixJob& job : jobs) {
        m_jobs.push_back({&job.experts->expert(expert),
                          {out, count, job.out.cols},
                          Write::Replace,
                          job.bias ? job.bias + expert * job.out.cols : nullptr});
        out += count * job.out.cols;
    }
    m_linear.run({m_in.data(), count, x.cols}, m_jobs, rounding);
    for (std::size_t job = 0; job < jobs.size(); ++job) {
        const Matrix& from = m_jobs[job].out;
        for (std::int64_t i = 0; i < count; ++i) {
            std::copy_n(from.data + i * from.cols, from.cols,
                        jobs[job].out.data + places[static_cast<std::size_t>(i)] * from.cols);
        }
    }
}

void combineExperts(Matrix parts, const CpuExpertChoice& choice, const float* scales, Write write,
                    Matrix out) {
    const int used = choice.used();
    assert(out.rows == choice.tokens() && parts.rows == out.rows * used && parts.cols == out.cols);
    for (std::int64_t token = 0; token < out.rows; ++token) {
        float* const to = out.data + token * out.cols;
        if (write == Write::Replace) {
            std::fill_n(to, out.cols, 0.0f);
        }
        for (std::int64_t place = token * used; place < (token + 1) * used; ++place) {
            const auto index = static_cast<std::size_t>(place);
            const float scale = scales ? scales[choice.experts()[index]] : 1.0f;
            const float weight = choice.weights()[index] * scale;
            const float* const from = parts.data + place * parts.cols;
            for (std::int64_t i = 0; i < out.cols; ++i) {
                to[i] += weight * from[i];
            }
        }
    }
}

} // namespace kernels
