#include "tests/kernels/linear_support.h"
#include "tests/support/backends.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>
#include <tuple>

// linear() and embed() of every backend, for every weight type, against the double-precision meaning of the weights as they stand in the
// file: odd shapes, few and many tokens, bias and adding, NaN-poisoned outputs between guards.
namespace {

using namespace kernels;
using namespace test;

class LinearOfBackend : public testing::TestWithParam<std::tuple<DType, std::string>> {
protected:
    DType type() const { return std::get<0>(GetParam()); }
    std::int64_t block() const { return std::max(blockLayout(type()).elements, 1); }
    /// The weights themselves are compared, so the CPU must not round what they meet.
    std::unique_ptr<Backend> m_backend =
        makeTestBackend(std::get<1>(GetParam()), 2, ActivationPrecision::Float32);
};

// Float32 sums of up to 1,536 products, relative to the sum of magnitudes.
constexpr double tolerance = 5e-6;

TEST_P(LinearOfBackend, MatchesTheReference) {
    const std::int64_t unit = block() == 1 ? 7 : block();
    const std::pair<std::int64_t, std::int64_t> shapes[] = {
        {1, unit}, {21, std::max<std::int64_t>(block(), 32)}, {33, 5 * unit}, {130, 3 * unit}, {49, 1536}};
    for (const auto& [rows, cols] : shapes) {
        const StoredMatrix matrix(type(), rows, cols, 1);
        const auto weight = m_backend->makeWeight(matrix.host);
        const auto bias = m_backend->makeBuffer(1, rows);
        const std::vector<float> biases = randomValues(rows, 5), before = randomValues(64 * rows, 6);
        m_backend->write(bias->tensor(), biases);
        for (const std::int64_t tokens : {1, 2, 3, 5, 17, 64}) {
            const std::vector<float> x = randomValues(tokens * cols, 2);
            GuardedBuffer in(*m_backend, tokens, cols, x), plain(*m_backend, tokens, rows),
                added(*m_backend, tokens, rows,
                      std::span(before).first(static_cast<std::size_t>(tokens * rows)));
            const LinearJob jobs[] = {{weight.get(), plain.tensor(), Write::Replace, nullptr},
                                      {weight.get(), added.tensor(), Write::Add, bias.get()}};
            runStep(*m_backend, {}, [&] { m_backend->linear(in.tensor(), jobs, Rounding::Careful); });
            const std::vector<float> found = plain.get(), sums = added.get();
            for (std::int64_t i = 0; i < tokens * rows; ++i) {
                const auto at = static_cast<std::size_t>(i);
                const Product expected = referenceProduct(matrix, i % rows, x.data() + i / rows * cols);
                ASSERT_NEAR(found[at], expected.value, tolerance * expected.magnitude + 1e-30)
                    << rows << " x " << cols << ", token " << i / rows << " of " << tokens << ", row "
                    << i % rows;
                const double own =
                    static_cast<double>(before[at]) + static_cast<double>(biases[at % biases.size()]);
                ASSERT_NEAR(sums[at], expected.value + own,
                            tolerance * (expected.magnitude + std::fabs(own)) + 1e-6)
                    << rows << " x " << cols << ", token " << i / rows << " of " << tokens << ", row "
                    << i % rows;
            }
            ASSERT_TRUE(plain.guardsIntact() && added.guardsIntact());
        }
    }
}

TEST_P(LinearOfBackend, AStopLeavesNoWeight) {
    const StoredMatrix matrix(type(), 40, 256, 4);
    std::stop_source stop;
    EXPECT_NE(m_backend->makeWeight(matrix.host, stop.get_token()), nullptr);
    stop.request_stop();
    EXPECT_EQ(m_backend->makeWeight(matrix.host, stop.get_token()), nullptr);
}

TEST_P(LinearOfBackend, RowsOfATableAreEmbedded) {
    const std::int64_t rows = 40, cols = block() == 1 ? 23 : 2 * block();
    const StoredMatrix matrix(type(), rows, cols, 3);
    const auto weight = m_backend->makeWeight(matrix.host);
    const std::int32_t tokens[] = {39, 0, 17, 17, 31};
    GuardedBuffer out(*m_backend, 5, cols);
    runStep(*m_backend, {.tokens = tokens}, [&] { m_backend->embed(*weight, out.tensor()); });
    const std::vector<float> found = out.get();
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto col = i % static_cast<std::size_t>(cols);
        const auto row = static_cast<std::size_t>(tokens[i / static_cast<std::size_t>(cols)]);
        const double expected = matrix.values[row * static_cast<std::size_t>(cols) + col];
        ASSERT_NEAR(found[i], expected, 3e-7 * std::fabs(expected) + 1e-6 * 0.05) << i;
    }
    EXPECT_TRUE(out.guardsIntact());
}

INSTANTIATE_TEST_SUITE_P(Every, LinearOfBackend,
                         testing::Combine(testing::ValuesIn(allTypes),
                                          testing::ValuesIn(productBackendNames())),
                         [](const auto& test) {
                             return std::string(name(std::get<0>(test.param))) + "_" +
                                    std::get<1>(test.param);
                         });

} // namespace
