#include "tests/kernels/attention_fixture.h"

#include <numeric>

// The numbers the Inspector shows: shares, entropy, slot mass and rows, against the double-precision
// reference, and that the checks would notice the two mistakes other programs made here (a mean over the
// query heads of a group, a logarithm to base 2).
namespace {

using kernels::AttentionCapture;
using kernels::HeadStats;
using kernels::KvShape;
using test::QueryView;

struct Captured {
    explicit Captured(const KvShape& shape, int heads)
        : stats(static_cast<std::size_t>(heads)), mass(static_cast<std::size_t>(shape.slots()), 0.0f),
          rows(mass.size() * stats.size(), 99.0f) {
        capture.heads = stats;
        capture.slotMass = mass;
        capture.rows = rows;
    }
    std::vector<HeadStats> stats;
    std::vector<float> mass, rows;
    AttentionCapture capture;
};

// Distance of captured numbers from the reference, in the units of the tolerances (N2 to N5).
double rowError(const Captured& found, const test::ReferenceAttention& expected) {
    return test::relativeError(found.rows, expected.rows);
}
double massError(const std::vector<float>& mass, const test::ReferenceAttention& expected) {
    double largest = 0;
    for (std::size_t slot = 0; slot < mass.size(); ++slot) {
        double sum = 0;
        for (std::size_t head = 0; head < expected.heads.size(); ++head)
            sum += expected.rows[head * mass.size() + slot];
        largest = std::max(largest, std::fabs(static_cast<double>(mass[slot]) - sum));
    }
    return largest;
}
double shareError(const std::vector<HeadStats>& stats, const test::ReferenceAttention& expected) {
    double largest = 0;
    for (std::size_t head = 0; head < stats.size(); ++head) {
        const test::ReferenceStats& wanted = expected.heads[head];
        largest = std::max({largest, std::fabs(static_cast<double>(stats[head].slot0) - wanted.slot0),
                            std::fabs(static_cast<double>(stats[head].sinks) - wanted.sinks),
                            std::fabs(static_cast<double>(stats[head].recent) - wanted.recent)});
    }
    return largest;
}
double keysError(const std::vector<HeadStats>& stats, const test::ReferenceAttention& expected) {
    double largest = 0;
    for (std::size_t head = 0; head < stats.size(); ++head)
        largest = std::max(largest, std::fabs(static_cast<double>(stats[head].effectiveKeys) /
                                                  expected.heads[head].effectiveKeys -
                                              1.0));
    return largest;
}

class AttentionCaptureTest : public AttentionFixture {
protected:
    std::unique_ptr<kernels::Backend> m_backend = makeBackend(2);

    test::ReferenceAttention reference(const kernels::KvCache& cache, const std::vector<float>& ring,
                                       const std::vector<float>& sink, const QueryView& view, int recent) {
        return test::attend(cache, 0, {ring, sink}, test::runsOf(cache.shape(), view),
                            {.scale = static_cast<double>(scaleOf(cache))}, recent);
    }

    // One query head with chosen scores: keys are (score, 0, 0 ..) and the query (1 / scale, 0 ..).
    HeadStats statsOfScores(const std::vector<float>& scores, int sinks) {
        const int ring = static_cast<int>(scores.size()) - sinks;
        const KvShape shape = shapeOf(1, 16, sinks, ring, kernels::KvType::F32, kernels::KvType::F32);
        const auto cache = m_backend->makeKvCache(shape);
        std::vector<std::int32_t> slots(scores.size());
        std::iota(slots.begin(), slots.end(), 0);
        std::vector<float> keys(scores.size() * 16), query(16);
        for (std::size_t slot = 0; slot < scores.size(); ++slot)
            keys[slot * 16] = scores[slot];
        query[0] = 1.0f / scaleOf(*cache);
        store(*m_backend, *cache, 0, slots, keys, keys);
        Captured found(shape, 1);
        attend(*m_backend, *cache, 1, {{sinks, 0, ring}}, query, query, &found.capture);
        return found.stats[0];
    }
};

TEST_P(AttentionCaptureTest, MatchesTheReferenceForEveryGroup) {
    for (int group : {1, 3, 4, 8}) {
        for (const QueryView& view :
             std::vector<QueryView>{{4, 250, 600}, {4, 0, 30}, {2, 0, 0}, {4, 690, 64}}) {
            const KvShape shape = shapeOf(2, 64, 4, 700);
            const auto cache = filledCache(*m_backend, shape);
            const int heads = 2 * group;
            const std::vector<float> ring = test::randomFloats(static_cast<std::size_t>(heads) * 64, 1, 2.0f);
            const std::vector<float> sink = test::randomFloats(static_cast<std::size_t>(heads) * 64, 2, 2.0f);
            Captured found(shape, heads);
            attend(*m_backend, *cache, heads, {view}, ring, sink, &found.capture);
            const auto expected = reference(*cache, ring, sink, view, 64);
            EXPECT_LT(rowError(found, expected), 1e-5);
            EXPECT_LT(massError(found.mass, expected), 1e-5);
            EXPECT_LT(shareError(found.stats, expected), 1e-5);
            EXPECT_LT(keysError(found.stats, expected), 1e-4);
            for (int head = 0; head < heads; ++head) {
                const std::size_t index = static_cast<std::size_t>(head);
                const float* row = found.rows.data() + index * found.mass.size();
                EXPECT_NEAR(std::accumulate(row, row + found.mass.size(), 0.0), 1.0, 1e-5);
                EXPECT_GE(*std::min_element(row, row + found.mass.size()), 0.0f);
                EXPECT_NEAR(static_cast<double>(found.stats[index].outputNorm),
                            expected.heads[index].outputNorm, 1e-5 * expected.heads[index].outputNorm);
            }
            EXPECT_NEAR(std::accumulate(found.mass.begin(), found.mass.end(), 0.0) / heads, 1.0, 1e-5);
        }
    }
}

TEST_P(AttentionCaptureTest, IsOfTheLastQueryAndAddsUp) {
    const KvShape shape = shapeOf(1, 16, 4, 300);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<float> queries = test::randomFloats(20 * 3 * 16, 1, 2.0f);
    std::vector<QueryView> views;
    for (int i = 0; i < 20; ++i)
        views.push_back({4, 0, 200 + i});
    Captured found(shape, 3);
    attend(*m_backend, *cache, 3, views, queries, queries, &found.capture);
    const std::vector<float> last(queries.end() - 3 * 16, queries.end());
    const auto expected = reference(*cache, last, last, views.back(), 64);
    EXPECT_LT(rowError(found, expected), 1e-5);
    EXPECT_LT(shareError(found.stats, expected), 1e-5);
    attend(*m_backend, *cache, 3, views, queries, queries, &found.capture);
    for (float& value : found.mass)
        value /= 2;
    EXPECT_LT(massError(found.mass, expected), 1e-5) << "mass is added to what was there, rows are replaced";
    EXPECT_LT(rowError(found, expected), 1e-5);
}

TEST_P(AttentionCaptureTest, ShortRecentWindow) {
    const KvShape shape = shapeOf(1, 16, 4, 100);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<float> query = test::randomFloats(16, 1, 2.0f);
    Captured found(shape, 1);
    found.capture.recentKeys = 5;
    attend(*m_backend, *cache, 1, {{4, 97, 40}}, query, query, &found.capture);
    EXPECT_LT(shareError(found.stats, reference(*cache, query, query, {4, 97, 40}, 5)), 1e-5);
}

TEST_P(AttentionCaptureTest, HandCases) {
    const HeadStats hand = statsOfScores({std::log(8.0f), 0, 0, 0, 0, 0, 0, 0}, 1);
    EXPECT_NEAR(hand.sinks, 8.0 / 15.0, 1e-5);
    EXPECT_NEAR(hand.slot0, 8.0 / 15.0, 1e-5);
    EXPECT_NEAR(hand.recent, 7.0 / 15.0, 1e-5);
    EXPECT_NEAR(hand.effectiveKeys, 4.9481, 1e-3);
    const HeadStats uniform = statsOfScores(std::vector<float>(777, 0.5f), 4);
    EXPECT_NEAR(uniform.effectiveKeys / 777, 1.0, 1e-3);
    EXPECT_NEAR(uniform.sinks, 4.0 / 777, 1e-6);
    std::vector<float> oneHot(500, 0.0f);
    oneHot[300] = 60.0f;
    EXPECT_NEAR(statsOfScores(oneHot, 4).effectiveKeys, 1.0, 1e-3);
    EXPECT_NEAR(statsOfScores({0.3f, 0.7f, -2.0f}, 3).sinks, 1.0, 1e-6) << "only sinks are visible";
}

// From the largest weight down to where a weight becomes exactly 0: no step on the way is wrong by a power of 2, negative or
// not a number.
TEST_P(AttentionCaptureTest, FarBelowTheLargestScore) {
    const KvShape shape = shapeOf(1, 16, 0, 1024, kernels::KvType::F32, kernels::KvType::F32);
    const auto cache = m_backend->makeKvCache(shape);
    std::vector<std::int32_t> slots(1024);
    std::iota(slots.begin(), slots.end(), 0);
    std::vector<float> keys(1024 * 16), query(16);
    for (std::size_t slot = 0; slot < 1024; ++slot)
        keys[slot * 16] = -0.125f * static_cast<float>(slot); // to -128
    query[0] = 1.0f / scaleOf(*cache);
    store(*m_backend, *cache, 0, slots, keys, keys);
    Captured found(shape, 1);
    attend(*m_backend, *cache, 1, {{0, 0, 1024}}, query, query, &found.capture);
    const auto expected = reference(*cache, query, query, {0, 0, 1024}, 64);
    for (std::size_t slot = 0; slot < 1024; ++slot) {
        // Splits are weighed on their own and then scaled by a power; the products stay normal down to e^-87.
        const double wanted = expected.rows[slot], distance = 0.125 * static_cast<double>(slot);
        const double tolerance = slot < 680 ? (5e-7 + 2e-7 * distance) * wanted : 1e-36;
        EXPECT_NEAR(static_cast<double>(found.rows[slot]), wanted, tolerance) << slot;
        EXPECT_GE(found.rows[slot], 0.0f) << slot;
    }
    EXPECT_EQ(statsOfScores({300.0f, 0.0f, 1.0f}, 1).slot0, 1.0f);
}

// The comparisons above would be worthless if they let the known mistakes pass.
TEST_P(AttentionCaptureTest, PlantedMistakesAreCaught) {
    const KvShape shape = shapeOf(2, 64, 4, 300);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<float> query = test::randomFloats(8 * 64, 1, 2.0f);
    Captured found(shape, 8);
    attend(*m_backend, *cache, 8, {{4, 0, 300}}, query, query, &found.capture);
    const auto expected = reference(*cache, query, query, {4, 0, 300}, 64);
    ASSERT_LT(massError(found.mass, expected), 1e-5);
    std::vector<float> groupMean = found.mass;
    for (float& value : groupMean)
        value /= 4;
    EXPECT_GT(massError(groupMean, expected), 1e-3) << "mean instead of sum over the query heads of a group";
    std::vector<HeadStats> base2 = found.stats;
    for (HeadStats& stats : base2) {
        stats.sinks = std::pow(stats.sinks, 1.0f / std::log(2.0f)); // 2^x taken for e^x
        stats.effectiveKeys = std::pow(stats.effectiveKeys, std::log(2.0f));
    }
    EXPECT_GT(shareError(base2, expected), 1e-3) << "base-2 logarithm in a share";
    EXPECT_GT(keysError(base2, expected), 1e-2) << "base-2 logarithm in the entropy";
}

INSTANTIATE_TEST_SUITE_P(Every, AttentionCaptureTest, testing::ValuesIn(test::directBackendNames()),
                         [](const auto& parameter) { return parameter.param; });

} // namespace
