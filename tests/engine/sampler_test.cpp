#include "engine/error.h"
#include "engine/log_sum_exp.h"
#include "engine/sampler.h"
#include "kernels/cpu_backend.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace {

using engine::Sampler;
using engine::SamplingOptions;
using engine::TokenId;

std::vector<float> randomLogits(std::size_t n, unsigned seed, float spread = 3.0f) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, spread);
    std::vector<float> logits(n);
    for (float& value : logits)
        value = normal(random);
    return logits;
}

SamplingOptions plain() {
    return {.temperature = 1,
            .topK = 0,
            .topP = 1,
            .minP = 0,
            .repetitionPenalty = 1,
            .repetitionWindow = 64,
            .seed = 7};
}

// The tokens that may be picked, the slow way: sort everything, cut, cut, cut.
std::map<TokenId, double> allowed(const std::vector<float>& logits, const SamplingOptions& o) {
    std::vector<TokenId> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](TokenId a, TokenId b) {
        return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    if (o.topK > 0 && static_cast<std::size_t>(o.topK) < order.size())
        order.resize(static_cast<std::size_t>(o.topK));
    const auto weight = [&](TokenId t) {
        return std::exp(static_cast<double>(logits[static_cast<std::size_t>(t)] -
                                            logits[static_cast<std::size_t>(order[0])]));
    };
    double total = 0, sum = 0;
    for (const TokenId t : order)
        total += weight(t);
    std::map<TokenId, double> result;
    for (const TokenId t : order) {
        if (o.topP < 1 && sum >= total * static_cast<double>(o.topP))
            break;
        if (weight(t) < static_cast<double>(o.minP))
            break;
        sum += weight(t);
        result[t] = std::pow(weight(t), 1.0 / static_cast<double>(o.temperature));
    }
    return result;
}

TEST(Sampler, GreedyTakesTheBestAndTheLowestOfEquals) {
    SamplingOptions options = plain();
    options.temperature = 0;
    Sampler sampler(options);
    std::vector<float> logits(1000, 0.5f);
    EXPECT_EQ(sampler.pick(logits), 0);
    logits[700] = logits[300] = 2;
    EXPECT_EQ(sampler.pick(logits), 300);
}

TEST(Sampler, FollowsTheDistributionOfTheCuts) {
    const std::vector<float> logits = randomLogits(500, 3);
    for (SamplingOptions options :
         {SamplingOptions{1, 0, 1, 0, 1, 0, 5}, SamplingOptions{0.7f, 40, 1, 0, 1, 0, 5},
          SamplingOptions{1.3f, 0, 0.8f, 0, 1, 0, 5}, SamplingOptions{1, 0, 1, 0.05f, 1, 0, 5},
          SamplingOptions{0.9f, 25, 0.9f, 0.02f, 1, 0, 5}, SamplingOptions{1, 1, 1, 0, 1, 0, 5}}) {
        const auto expected = allowed(logits, options);
        double total = 0;
        for (const auto& [token, weight] : expected)
            total += weight;
        Sampler sampler(options);
        constexpr int Draws = 40000;
        std::map<TokenId, int> counts;
        for (int i = 0; i < Draws; ++i)
            ++counts[sampler.pick(logits)];
        for (const auto& [token, count] : counts)
            ASSERT_TRUE(expected.contains(token)) << "token " << token << " was cut off";
        for (const auto& [token, weight] : expected) {
            const double p = weight / total;
            EXPECT_NEAR(counts[token], Draws * p, 6 * std::sqrt(Draws * p * (1 - p)) + 1)
                << "token " << token;
        }
    }
}

TEST(Sampler, SameSeedSameTokens) {
    SamplingOptions options;
    options.seed = 42;
    Sampler a(options), b(options);
    options.seed = 43;
    Sampler c(options);
    int differing = 0;
    for (unsigned i = 0; i < 200; ++i) {
        const auto logits = randomLogits(5000, i, 1.0f);
        const TokenId token = a.pick(logits);
        ASSERT_EQ(token, b.pick(logits));
        differing += token != c.pick(logits);
        a.accept(token);
        b.accept(token);
        c.accept(token);
    }
    EXPECT_GT(differing, 50);
}

/// The largest logits of a row as a device gives them; of all the others nothing is left.
class PartOfLogits {
public:
    engine::Logits of(const std::vector<float>& row, const engine::TopWanted& wanted) {
        m_buffer = m_backend->makeBuffer(1, static_cast<std::int64_t>(row.size()));
        m_backend->write(m_buffer->tensor(), row);
        m_largest.resize(static_cast<std::size_t>(wanted.count));
        m_values.resize(wanted.apart.size());
        kernels::TopLogits top{m_largest, m_values};
        test::runStep(*m_backend, {.listed = wanted.apart},
                      [&] { m_backend->topLogits(m_buffer->tensor(), top); });
        m_apart.clear();
        for (std::size_t i = 0; i < wanted.apart.size(); ++i)
            m_apart.push_back({wanted.apart[i], m_values[i]});
        m_backend->write(m_buffer->tensor(), std::vector<float>(row.size(), NAN));
        return {*m_backend, m_buffer->tensor(), {m_largest, m_apart, top.logSumExp}};
    }

private:
    std::unique_ptr<kernels::Backend> m_backend = kernels::makeCpuBackend({.threads = 1});
    std::unique_ptr<kernels::Buffer> m_buffer;
    std::vector<kernels::Logit> m_largest, m_apart;
    std::vector<float> m_values;
};

TEST(Sampler, PartOfTheLogitsGivesTheSameTokens) {
    PartOfLogits part;
    for (const float temperature : {0.0f, 0.7f, 1.5f})
        for (const int topK : {1, 40})
            for (const float penalty : {0.8f, 1.0f, 1.1f, 3.0f}) {
                SamplingOptions options; // top-p and min-p as usual
                options.temperature = temperature;
                options.topK = topK;
                options.repetitionPenalty = penalty;
                options.repetitionWindow = 30;
                options.seed = 5;
                Sampler whole(options), few(options);
                const TokenId forbidden[] = {7, 3, 250, 11};
                whole.forbid(forbidden);
                few.forbid(forbidden);
                for (unsigned i = 0; i < 60; ++i) {
                    auto row = randomLogits(300, i % 5, 2.0f); // the same tokens come again
                    row[7] = row[250] = 30;                    // the best are forbidden
                    row[20] = row[21];
                    const TokenId token = whole.pick(row);
                    ASSERT_EQ(few.pick(part.of(row, few.wants())), token)
                        << temperature << ' ' << topK << ' ' << penalty << " token " << i;
                    whole.accept(token);
                    few.accept(token);
                }
            }
}

TEST(Sampler, WhatAnotherSamplerWantedIsNotEnough) {
    SamplingOptions options = plain();
    options.temperature = 0;
    Sampler first(options), second(options);
    const TokenId best[] = {5};
    second.forbid(best);
    auto row = randomLogits(50, 1);
    row[5] = 20;
    PartOfLogits part;
    EXPECT_EQ(first.pick(part.of(row, first.wants())), 5);
    // It asks for all of them, which are gone here.
    EXPECT_THROW(second.pick(part.of(row, first.wants())), engine::Error);
}

TEST(Sampler, ATokensLikelihoodComesFromThePart) {
    const auto row = randomLogits(400, 3);
    const TokenId apart[] = {17};
    PartOfLogits part;
    const engine::Logits some = part.of(row, {3, apart}), all(row);
    const auto best = static_cast<TokenId>(std::max_element(row.begin(), row.end()) - row.begin());
    for (const TokenId token : {best, TokenId{17}})
        EXPECT_NEAR(some.negativeLogLikelihood(token), all.negativeLogLikelihood(token), 1e-5);
}

TEST(Sampler, RepetitionPenaltyHoldsForItsWindowOnly) {
    SamplingOptions options = plain();
    options.temperature = 0;
    options.repetitionPenalty = 2;
    options.repetitionWindow = 3;
    Sampler sampler(options);
    const std::vector<float> logits{1.0f, 1.5f, 1.4f, -1.0f};
    EXPECT_EQ(sampler.pick(logits), 1);
    sampler.accept(1);
    EXPECT_EQ(sampler.pick(logits), 2) << "1.5 / 2 < 1.4";
    for (const TokenId token : {3, 3, 3})
        sampler.accept(token);
    EXPECT_EQ(sampler.pick(logits), 1) << "token 1 has left the window";
    Sampler negative(options);
    negative.accept(0);
    EXPECT_EQ(negative.pick(std::vector<float>{-1.0f, -1.5f}), 1)
        << "a penalty makes a negative logit more negative";
}

TEST(Sampler, NeverPicksWhatIsForbidden) {
    SamplingOptions options = plain();
    Sampler sampler(options);
    const std::vector<TokenId> forbidden{2, 5};
    sampler.forbid(forbidden);
    std::set<TokenId> seen;
    for (int i = 0; i < 2000; ++i)
        seen.insert(sampler.pick(std::vector<float>{0, 0, 9, 0, 0, 9}));
    EXPECT_EQ(seen, (std::set<TokenId>{0, 1, 3, 4}));
}

TEST(Sampler, RefusesLogitsThatAreNotNumbers) {
    Sampler sampler(plain());
    EXPECT_THROW(sampler.pick(std::vector<float>(10, NAN)), engine::Error);
    EXPECT_THROW(sampler.pick(std::vector<float>{1, INFINITY}), engine::Error);
}

TEST(LogSumExp, AgreesWithDoublePrecision) {
    for (const std::size_t n : {1u, 7u, 8u, 1000u, 49152u}) {
        const auto logits = randomLogits(n, static_cast<unsigned>(n), 5.0f);
        double total = 0;
        for (const float value : logits)
            total += std::exp(static_cast<double>(value));
        EXPECT_NEAR(engine::logSumExp(logits), std::log(total), 2e-6) << n;
    }
    EXPECT_NEAR(engine::logSumExp(std::vector<float>{1000, 1000, -1000}), 1000 + std::log(2.0), 1e-4);
}

} // namespace
