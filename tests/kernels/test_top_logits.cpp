#include "tests/support/backends.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

// The largest logits of a row against sorting all of it, with what is listed left out, ties, infinities and what is not a number.
namespace {

using kernels::Logit;
using test::GuardedBuffer;

class TopLogits : public testing::TestWithParam<std::string> {
protected:
    struct Found {
        std::vector<Logit> largest;
        std::vector<float> listed;
        double logSumExp = 0;
    };
    Found find(const std::vector<float>& row, std::size_t count, const std::vector<std::int32_t>& listed) {
        GuardedBuffer logits(*m_backend, 1, static_cast<std::int64_t>(row.size()), row);
        Found found{std::vector<Logit>(count, {77, NAN}), std::vector<float>(listed.size(), NAN)};
        kernels::TopLogits top{found.largest, found.listed, NAN};
        const std::int32_t before[] = {7, 3}; // where a device puts it all in one piece
        test::runStep(*m_backend, {.tokens = before, .slots = before, .listed = listed},
                      [&] { m_backend->topLogits(logits.tensor(), top); });
        EXPECT_TRUE(logits.guardsIntact());
        found.logSumExp = top.logSumExp;
        return found;
    }
    /// Against all of them sorted.
    void check(const std::vector<float>& row, std::size_t count,
               const std::vector<std::int32_t>& listed = {}) {
        const Found found = find(row, count, listed);
        std::vector<Logit> all;
        double largest = -INFINITY, sum = 0;
        for (std::size_t i = 0; i < row.size(); ++i)
            if (!std::isnan(row[i])) {
                largest = std::max(largest, static_cast<double>(row[i]));
                if (std::find(listed.begin(), listed.end(), static_cast<std::int32_t>(i)) == listed.end())
                    all.push_back({static_cast<std::int32_t>(i), row[i]});
            }
        for (const float logit : row)
            sum += std::isnan(logit) ? 0 : std::exp(static_cast<double>(logit) - largest);
        std::stable_sort(all.begin(), all.end(),
                         [](const Logit& a, const Logit& b) { return a.value > b.value; });
        all.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(found.largest[i].id, all[i].id) << i << " of " << count << " in " << row.size();
            ASSERT_EQ(found.largest[i].value, all[i].value) << i;
        }
        for (std::size_t i = 0; i < listed.size(); ++i)
            ASSERT_EQ(found.listed[i], row[static_cast<std::size_t>(listed[i])]) << i;
        // Sums of float32 powers; the largest gives the rest its size.
        const double expected = largest + std::log(sum);
        if (std::isfinite(largest)) {
            ASSERT_NEAR(found.logSumExp, expected, 2e-6 * std::max(1.0, std::fabs(largest)));
        }
    }
    std::unique_ptr<kernels::Backend> m_backend = test::makeTestBackend(GetParam());
};

TEST_P(TopLogits, MatchesSortingAllOfThem) {
    for (const std::size_t size : {1, 5, 63, 64, 1000, 4099, 49152})
        for (const std::size_t count : {1, 3, 40, 300}) {
            const auto row = test::randomFloats(size, 11, 4.0f);
            ASSERT_NO_FATAL_FAILURE(check(row, count));
            ASSERT_NO_FATAL_FAILURE(check(row, count, {static_cast<std::int32_t>(size) / 2}));
        }
}

TEST_P(TopLogits, WhatIsListedComesByItself) {
    const auto row = test::randomFloats(5000, 3, 2.0f);
    std::vector<std::int32_t> order(row.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = static_cast<std::int32_t>(i);
    std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
    });
    // The very largest and some others, in no order.
    std::vector<std::int32_t> listed(order.begin(), order.begin() + 30);
    listed.insert(listed.end(), order.begin() + 2000, order.begin() + 2500);
    std::reverse(listed.begin(), listed.end());
    ASSERT_NO_FATAL_FAILURE(check(row, 40, listed));
    // Everything is listed: nothing is left.
    ASSERT_NO_FATAL_FAILURE(check(row, 4, order));
}

TEST_P(TopLogits, TiesGoToTheLowerIds) {
    std::vector<float> row(3000, 1.5f);
    ASSERT_NO_FATAL_FAILURE(check(row, 40, {0, 2, 7}));
    for (std::size_t i = 0; i < row.size(); i += 7)
        row[i] = i % 2 ? 0.0f : -0.0f; // equal to each other
    ASSERT_NO_FATAL_FAILURE(check(row, 40));
    for (float& logit : row)
        logit = logit == 1.5f ? -1.5f : logit;
    ASSERT_NO_FATAL_FAILURE(check(row, 40, {14}));
    row[2999] = 9.0f;
    ASSERT_NO_FATAL_FAILURE(check(row, 1));
}

TEST_P(TopLogits, WhatIsNoNumberIsPassedOver) {
    auto row = test::randomFloats(700, 5);
    row[0] = row[350] = NAN;
    row[3] = -NAN;
    row[10] = -INFINITY;
    ASSERT_NO_FATAL_FAILURE(check(row, 20));
    ASSERT_NO_FATAL_FAILURE(check(row, 698)); // and one place is empty
    const Found nothing = find(std::vector<float>(100, NAN), 2, {});
    EXPECT_EQ(nothing.largest[0].id, -1);
    EXPECT_EQ(nothing.largest[1].value, -INFINITY);
    row[20] = INFINITY;
    EXPECT_EQ(find(row, 1, {}).largest[0].id, 20);
}

INSTANTIATE_TEST_SUITE_P(Backends, TopLogits, testing::ValuesIn(test::backendNames()),
                         [](const auto& name) { return name.param; });

} // namespace
