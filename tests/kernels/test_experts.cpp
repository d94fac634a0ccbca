#include "tests/kernels/linear_support.h"
#include "tests/support/backends.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

// Mixtures of experts against plain double-precision meanings of their three operations: which experts a token goes to, what they make of
// it, and their sum.
namespace {

using namespace kernels;
using test::GuardedBuffer;

struct Chosen {
    int expert;
    double weight;
};

/// The experts of one row of logits by sorting them all.
std::vector<Chosen> chosenOf(const float* logits, int experts, int used, ExpertWeights style) {
    std::vector<int> order(static_cast<std::size_t>(experts));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
    double sum = 0;
    for (int i = 0; i < (style == ExpertWeights::OfAll ? experts : used); ++i)
        sum += std::exp(static_cast<double>(logits[order[static_cast<std::size_t>(i)]]));
    std::vector<Chosen> chosen;
    for (int i = 0; i < used; ++i) {
        const int expert = order[static_cast<std::size_t>(i)];
        chosen.push_back({expert, std::exp(static_cast<double>(logits[expert])) / sum});
    }
    return chosen;
}

class ExpertsTest : public testing::TestWithParam<std::string> {
protected:
    static std::unique_ptr<Backend> make(ActivationPrecision precision, int threads) {
        return test::makeTestBackend(GetParam(), threads, precision);
    }
};

constexpr int Count = 6, Used = 3;
constexpr std::int64_t Cols = 256;

/// Logits of several tokens, some of them equal.
std::vector<float> logitsOf(std::int64_t tokens) {
    std::vector<float> logits = test::randomValues(tokens * Count, 3);
    for (std::int64_t i = 0; i < tokens; i += 4)
        logits[static_cast<std::size_t>(i * Count + 4)] = logits[static_cast<std::size_t>(i * Count + 1)];
    return logits;
}

// What combine makes of rows that tell who chose them: its own weights, in order, with ties and with factors.
TEST_P(ExpertsTest, ChooseAndCombine) {
    const auto backend = make(ActivationPrecision::Int8, 2);
    for (const ExpertWeights style : {ExpertWeights::OfChosen, ExpertWeights::OfAll})
        for (const std::int64_t tokens : {1, 2, 19}) {
            const std::vector<float> logits = logitsOf(tokens);
            const std::vector<float> parts = test::randomValues(tokens * Used * 21, 5),
                                     before = test::randomValues(tokens * 21, 6),
                                     factors = test::randomValues(Count, 7);
            GuardedBuffer l(*backend, tokens, Count, logits), p(*backend, tokens * Used, 21, parts),
                out(*backend, tokens, 21), sum(*backend, tokens, 21, before);
            const auto scales = backend->makeBuffer(1, Count);
            backend->write(scales->tensor(), factors);
            const auto choice = backend->makeExpertChoice(30, Count, Used);
            test::runStep(*backend, {}, [&] {
                backend->chooseExperts(l.tensor(), style, *choice);
                backend->combineExperts(p.tensor(), *choice, nullptr, Write::Replace, out.tensor());
                backend->combineExperts(p.tensor(), *choice, scales.get(), Write::Add, sum.tensor());
            });
            const auto plain = out.get(), added = sum.get();
            for (std::int64_t t = 0; t < tokens; ++t) {
                const auto chosen = chosenOf(logits.data() + t * Count, Count, Used, style);
                for (std::int64_t c = 0; c < 21; ++c) {
                    double expected = 0, scaled = before[static_cast<std::size_t>(t * 21 + c)];
                    double size = 0, scaledSize = std::fabs(scaled);
                    for (int i = 0; i < Used; ++i) {
                        const Chosen& one = chosen[static_cast<std::size_t>(i)];
                        const double term =
                            one.weight *
                            static_cast<double>(parts[static_cast<std::size_t>((t * Used + i) * 21 + c)]);
                        const auto factor =
                            static_cast<double>(factors[static_cast<std::size_t>(one.expert)]);
                        expected += term;
                        size += std::fabs(term);
                        scaled += term * factor;
                        scaledSize += std::fabs(term * factor);
                    }
                    const auto at = static_cast<std::size_t>(t * 21 + c);
                    ASSERT_NEAR(plain[at], expected, 1e-6 * size) << "token " << t;
                    ASSERT_NEAR(added[at], scaled, 1e-6 * scaledSize) << "token " << t;
                }
            }
            EXPECT_TRUE(out.guardsIntact() && sum.guardsIntact());
        }
}

// What is not a number must not lead out of the experts.
TEST_P(ExpertsTest, LogitsThatAreNoNumbers) {
    const auto backend = make(ActivationPrecision::Int8, 1);
    GuardedBuffer l(*backend, 1, Count, std::vector<float>(Count, NAN)),
        p(*backend, Used, 4, std::vector<float>(Used * 4, 1)), out(*backend, 1, 4);
    const auto choice = backend->makeExpertChoice(1, Count, Used);
    test::runStep(*backend, {}, [&] {
        backend->chooseExperts(l.tensor(), ExpertWeights::OfChosen, *choice);
        backend->combineExperts(p.tensor(), *choice, nullptr, Write::Replace, out.tensor());
    });
    EXPECT_TRUE(out.guardsIntact());
}

/// Products of one type with rows that fill no group of 16, shared and separate inputs, biases and batches.
void checkProducts(Backend& backend, DType type, ActivationPrecision precision, Isa isa) {
    constexpr std::int64_t Rows = 37;
    const test::StoredMatrix first(type, Count * Rows, Cols, 1), second(type, Count * Cols, Cols, 2);
    const auto up = backend.makeExperts(first.host, Count), down = backend.makeExperts(second.host, Count);
    ASSERT_EQ(up->count(), Count);
    ASSERT_EQ(up->rows(), Rows);
    ASSERT_EQ(up->cols(), Cols);
    const std::vector<float> biases = test::randomValues(Count * Rows, 8);
    const auto bias = backend.makeBuffer(Count, Rows);
    backend.write(bias->tensor(), biases);
    for (const std::int64_t tokens : {1, 2, 23}) {
        const std::vector<float> logits = logitsOf(tokens), x = test::randomValues(tokens * Cols, 9),
                                 own = test::randomValues(tokens * Used * Cols, 10);
        GuardedBuffer l(backend, tokens, Count, logits), in(backend, tokens, Cols, x),
            inEach(backend, tokens * Used, Cols, own), out(backend, tokens * Used, Rows),
            biased(backend, tokens * Used, Rows), each(backend, tokens * Used, Cols);
        const auto choice = backend.makeExpertChoice(tokens, Count, Used);
        test::runStep(backend, {}, [&] {
            backend.chooseExperts(l.tensor(), ExpertWeights::OfChosen, *choice);
            const ExpertJob jobs[] = {{up.get(), out.tensor()}, {up.get(), biased.tensor(), bias.get()}};
            backend.linearExperts(in.tensor(), jobs, *choice, Rounding::Careful);
            const ExpertJob job[] = {{down.get(), each.tensor()}};
            backend.linearExperts(inEach.tensor(), job, *choice, Rounding::Careful);
        });
        const test::Seen seen(first, x, isa, precision, Rounding::Careful),
            seenEach(second, own, isa, precision, Rounding::Careful);
        const auto plain = out.get(), withBias = biased.get(), eachFound = each.get();
        for (std::int64_t place = 0; place < tokens * Used; ++place) {
            const std::int64_t token = place / Used;
            const int expert = chosenOf(logits.data() + token * Count, Count, Used,
                                        ExpertWeights::OfChosen)[static_cast<std::size_t>(place % Used)]
                                   .expert;
            for (std::int64_t row = 0; row < Rows; ++row) {
                const auto expected =
                    referenceProduct(seen.matrix, expert * Rows + row, seen.x.data() + token * Cols);
                const auto at = static_cast<std::size_t>(place * Rows + row);
                ASSERT_NEAR(plain[at], expected.value, 5e-6 * expected.magnitude)
                    << name(type) << " token " << token;
                const auto own1 = biases[static_cast<std::size_t>(expert * Rows + row)];
                ASSERT_NEAR(withBias[at], expected.value + static_cast<double>(own1),
                            5e-6 * (expected.magnitude + 3));
            }
            for (std::int64_t row = 0; row < Cols; ++row) {
                const auto expected =
                    referenceProduct(seenEach.matrix, expert * Cols + row, seenEach.x.data() + place * Cols);
                ASSERT_NEAR(eachFound[static_cast<std::size_t>(place * Cols + row)], expected.value,
                            5e-6 * expected.magnitude)
                    << name(type) << " place " << place;
            }
        }
        ASSERT_TRUE(out.guardsIntact() && biased.guardsIntact() && each.guardsIntact());
    }
}

TEST_P(ExpertsTest, ProductsOfTheChosenOnes) {
    const bool isCpu = !test::isVulkan(GetParam()) && !test::isCuda(GetParam());
    for (const ActivationPrecision precision : {ActivationPrecision::Float32, ActivationPrecision::Int8}) {
        if (!isCpu && precision == ActivationPrecision::Int8)
            continue; // other devices round nothing, or in their own way
        const auto backend = make(precision, 2);
        for (const DType type : {DType::F32, DType::Q8_0, DType::Q4_K, DType::MXFP4, DType::Q2_K})
            ASSERT_NO_FATAL_FAILURE(
                checkProducts(*backend, type, precision, isCpu ? chooseIsa(GetParam()) : Isa::Portable));
    }
}

// The same bits alone and among others, with any threads.
TEST_P(ExpertsTest, ATokenIsTheSameInAnyCompany) {
    constexpr std::int64_t Tokens = 21;
    const test::StoredMatrix stored(DType::MXFP4, Count * 48, Cols, 1);
    const std::vector<float> logits = logitsOf(Tokens), x = test::randomValues(Tokens * Cols, 9);
    std::vector<float> whole;
    for (const std::int64_t batch : {Tokens, std::int64_t{1}, std::int64_t{4}}) {
        const auto backend = make(ActivationPrecision::Int8, batch == 4 ? 3 : 1);
        const auto experts = backend->makeExperts(stored.host, Count);
        const auto choice = backend->makeExpertChoice(Tokens, Count, Used);
        std::vector<float> found;
        for (std::int64_t first = 0; first < Tokens; first += batch) {
            const std::int64_t count = std::min(batch, Tokens - first);
            GuardedBuffer l(*backend, count, Count,
                            {logits.begin() + first * Count, logits.begin() + (first + count) * Count}),
                in(*backend, count, Cols, {x.begin() + first * Cols, x.begin() + (first + count) * Cols}),
                out(*backend, count * Used, 48);
            test::runStep(*backend, {}, [&] {
                backend->chooseExperts(l.tensor(), ExpertWeights::OfAll, *choice);
                const ExpertJob job[] = {{experts.get(), out.tensor()}};
                backend->linearExperts(in.tensor(), job, *choice, Rounding::Robust);
            });
            const auto part = out.get();
            found.insert(found.end(), part.begin(), part.end());
        }
        if (whole.empty())
            whole = found;
        EXPECT_EQ(found, whole) << "batches of " << batch;
    }
}

INSTANTIATE_TEST_SUITE_P(Backends, ExpertsTest, testing::ValuesIn(test::productBackendNames()),
                         [](const auto& name) { return name.param; });

} // namespace
