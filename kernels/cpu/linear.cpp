#include "kernels/cpu/linear.h"

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_plan.h"

#include <cassert>
#include <memory>
#include <utility>

namespace kernels {
namespace {

template <class T>
T* withRoom(std::vector<T>& values, std::int64_t count) {
    if (values.size() < static_cast<std::size_t>(count)) {
        values.resize(static_cast<std::size_t>(count));
    }
    return values.data();
}

} // namespace

Linear::Linear(ThreadPool& pool, Isa isa, ActivationPrecision precision)
    : m_pool(pool), m_kernels(linearKernels(isa)), m_precision(precision) {}

std::int64_t Linear::tokenBytes(Inputs inputs, std::int64_t cols) {
    const std::int64_t blocks = cols / tileColumns;
    std::int64_t bytes = 0;
    bytes = std::max(bytes, inputs.int8 ? blocks * activationBytes : 0);
    bytes = std::max(bytes, inputs.words ? blocks * wordActivationBytes : 0);
    bytes = std::max(bytes, inputs.pairs ? (cols + 1) / 2 * 4 : 0);
    return std::max(bytes, inputs.floats ? cols * 4 : 0);
}

/// Brings x into the tiles that the kernels read, in m_int8, m_words, m_pairs and m_floats.
void Linear::prepareActivations(Matrix x, Rounding rounding, Inputs inputs) {
    const std::int64_t blocks = x.cols / tileColumns;
    const std::int64_t pairs = (x.cols + 1) / 2;
    std::byte* const int8 = inputs.int8 ? withRoom(m_int8, x.rows * blocks * activationBytes) : nullptr;
    std::byte* const words =
        inputs.words ? withRoom(m_words, x.rows * blocks * wordActivationBytes) : nullptr;
    std::uint32_t* const pairsOut = inputs.pairs ? withRoom(m_pairs, x.rows * pairs) : nullptr;
    float* const floats = inputs.floats ? withRoom(m_floats, x.rows * x.cols) : nullptr;
    m_pool.run(static_cast<int>((x.rows + blockOfTiles - 1) / blockOfTiles), [&](int index, int) {
        // Calls prepare(source, token, tokens) for the tiles of this block, of at most `largest` tokens.
        const auto overTiles = [&](int largest, const auto& prepare) {
            const std::int64_t end = std::min(x.rows, (index + 1) * blockOfTiles);
            for (std::int64_t token = index * blockOfTiles; token < end;) {
                const int tokens = tileTokens(token, end, largest);
                prepare(x.data + token * x.cols, token, tokens);
                token += tokens;
            }
        };
        if (inputs.int8) {
            overTiles(m_kernels.maxTokens, [&](const float* source, std::int64_t token, int tokens) {
                m_kernels.quantise(source, x.cols, tokens, blocks, rounding,
                                   int8 + token * blocks * activationBytes);
            });
        }
        if (inputs.words) {
            overTiles(m_kernels.words->maxTokens, [&](const float* source, std::int64_t token, int tokens) {
                m_kernels.words->activations(source, x.cols, tokens, blocks,
                                             words + token * blocks * wordActivationBytes);
            });
        }
        if (inputs.pairs) {
            overTiles(m_kernels.maxTokens, [&](const float* source, std::int64_t token, int tokens) {
                m_kernels.pairs->activations(source, x.cols, tokens, x.cols, pairsOut + token * pairs);
            });
        }
        if (inputs.floats) {
            overTiles(m_kernels.maxTokens, [&](const float* source, std::int64_t token, int tokens) {
                float* const out = floats + token * x.cols;
                for (int t = 0; t < tokens; ++t) {
                    for (std::int64_t column = 0; column < x.cols; ++column) {
                        out[column * tokens + t] = source[t * x.cols + column];
                    }
                }
            });
        }
    });
}

void Linear::run(Matrix x, std::span<const MatrixJob> jobs, Rounding rounding) {
    if (x.rows == 0 || jobs.empty()) {
        return;
    }
    expectNext(jobs, x.rows);
    LinearPlan plan;
    plan.jobs = jobs;
    plan.tokens = x.rows;
    plan.cols = x.cols;
    plan.kernels = &m_kernels;
    plan.floatOnly = m_precision == ActivationPrecision::Float32;
    std::size_t bytes = 0;
    Inputs inputs;
    for (const MatrixJob& job : jobs) {
        assert(packed(job).cols() == x.cols && job.out.rows == x.rows && job.out.cols == packed(job).rows());
        plan.groups += packed(job).groups();
        bytes += packed(job).bytes();
        switch (plan.formOf(job)) {
        case ActivationForm::Int8:
            inputs.int8 = true;
            break;
        case ActivationForm::Words:
            inputs.words = true;
            break;
        case ActivationForm::Pairs:
            inputs.pairs = true;
            break;
        case ActivationForm::Floats:
            inputs.floats = true;
            break;
        }
    }
    prepareActivations(x, rounding, inputs);
    plan.int8 = m_int8.data();
    plan.words = m_words.data();
    plan.pairs = m_pairs.data();
    plan.floats = m_floats.data();
    plan.cut(m_pool.threads(), static_cast<std::int64_t>(bytes), tokenBytes(inputs, x.cols));

    const std::size_t perWorker = LinearScratch::bytesFor(plan.blockTokens);
    const std::size_t needed = perWorker * static_cast<std::size_t>(m_pool.threads()) + 64;
    void* base = withRoom(m_scratch, static_cast<std::int64_t>(needed));
    std::size_t space = m_scratch.size();
    std::align(64, needed - 64, base, space);
    m_pool.run(plan.chunks(), [&](int chunk, int worker) {
        std::byte* const own = static_cast<std::byte*>(base) + perWorker * static_cast<std::size_t>(worker);
        plan.runChunk(chunk, *reinterpret_cast<LinearScratch*>(own));
    });
    m_bytesRead += bytes;
}

/// With one token, memory is what everybody waits for: threads that wait after this call fetch what the next one will read.
void Linear::expectNext(std::span<const MatrixJob> jobs, std::int64_t tokens) {
    if (m_pool.threads() == 1) {
        return; // nobody ever waits
    }
    const auto next = m_order.passed(packed(jobs.front()).group(0), [&] { return startsOf(jobs); });
    for (std::size_t worker = 0; tokens == 1 && worker < next.size(); ++worker) {
        m_pool.expect(static_cast<int>(worker), next[worker]);
    }
}

/// Of a call with one token.
LinearOrder::Starts Linear::startsOf(std::span<const MatrixJob> jobs) const {
    std::int64_t groups = 0, bytes = 0;
    for (const MatrixJob& job : jobs) {
        groups += packed(job).groups();
        bytes += static_cast<std::int64_t>(packed(job).bytes());
    }
    const int chunks = chunksOfOne(bytes, groups, m_pool.threads());
    LinearOrder::Starts starts;
    for (int worker = 0; worker < m_pool.threads(); ++worker) {
        std::int64_t first = groups * m_pool.firstChunk(worker, chunks) / chunks;
        for (const MatrixJob& job : jobs) {
            if (first < packed(job).groups()) {
                starts.push_back(packed(job).group(first));
                break;
            }
            first -= packed(job).groups();
        }
    }
    return starts;
}

std::uint64_t Linear::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels
