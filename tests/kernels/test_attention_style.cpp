#include "tests/kernels/attention_fixture.h"

// What families do to scores (soft caps, slopes, learned sinks), and keys that lie in many runs with rotations of their own.
namespace {

using kernels::KeyRun;
using kernels::KvShape;
using kernels::KvType;
using test::QueryView;
using test::ReferenceStyle;

class AttentionStyles : public AttentionFixture {
protected:
    std::unique_ptr<kernels::Backend> m_backend = makeBackend(2);

    static std::vector<ReferenceStyle> styles(int heads) {
        const auto count = static_cast<std::size_t>(heads);
        std::vector<float> slopes = test::randomFloats(count, 5), sinks = test::randomFloats(count, 6, 3.0f);
        for (float& slope : slopes)
            slope = 0.02f * std::abs(slope);
        return {{.scale = 0.2},
                {.scale = 0.25, .softcap = 2},
                {.scale = 0.25, .slopes = slopes},
                {.scale = 0.25, .sinkLogits = sinks},
                {.scale = 0.25, .softcap = 5, .slopes = slopes, .sinkLogits = sinks}};
    }
};

TEST_P(AttentionStyles, MatchTheReference) {
    for (const KvType ringType : {KvType::F32, KvType::Q8_0})
        for (const int group : {1, 3}) {
            const auto cache = filledCache(*m_backend, shapeOf(2, 16, 4, 600, KvType::F16, ringType));
            for (const ReferenceStyle& style : styles(2 * group)) {
                check(*m_backend, *cache, 2 * group, {{4, 590, 333}}, 1, &style);
                std::vector<QueryView> chunk;
                for (int i = 0; i < 40; ++i)
                    chunk.push_back({4, 590, 300 + i});
                check(*m_backend, *cache, 2 * group, chunk, 0, &style);
            }
        }
}

TEST_P(AttentionStyles, ALearnedSinkAloneGivesZeros) {
    const auto cache = filledCache(*m_backend, shapeOf(1, 16, 4, 20));
    const std::vector<float> query = test::randomFloats(3 * 16 * 9, 1);
    const ReferenceStyle style = styles(3)[3];
    for (const float value :
         attend(*m_backend, *cache, 3, std::vector<QueryView>(9), query, query, nullptr, 0, &style))
        EXPECT_EQ(value, 0.0f);
}

// Sinks, a pinned and a recalled piece inside the ring, and the newest keys: four rotations, runs that share groups of slots.
TEST_P(AttentionStyles, ManyRunsWithRotationsOfTheirOwn) {
    const KvShape shape = shapeOf(2, 16, 4, 700);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<std::vector<KeyRun>> runs{
        {{0, 4, 1, 500}, {104, 33, 2, 480}, {140, 7, 3, 440}, {300, 290, 0, 289}, {4, 10, 0, 9}},
        {{0, 4, 1, 501}, {104, 33, 2, 481}, {140, 7, 3, 441}, {301, 290, 0, 290}, {4, 11, 0, 10}},
        {{104, 1, 3, 5}, {105, 1, 2, 4}, {106, 1, 1, 3}, {107, 1, 0, 0}}};
    const int heads = 6;
    const std::size_t width = 6 * 16;
    std::vector<std::vector<float>> queries;
    for (std::uint32_t i = 0; i < 4; ++i)
        queries.push_back(test::randomFloats(3 * width, 20 + i));
    for (const ReferenceStyle& style : styles(heads)) {
        const auto found = attendRuns(*m_backend, *cache, heads, runs, queries, nullptr, 0, &style);
        for (std::size_t token = 0; token < 3; ++token) {
            std::vector<std::span<const float>> own;
            for (const auto& query : queries)
                own.push_back(std::span(query).subspan(token * width, width));
            const auto expected = test::attend(*cache, 0, own, runs[token], style, 64);
            EXPECT_LT(test::relativeError(std::span(found).subspan(token * width, width), expected.out),
                      5e-6);
        }
    }
}

TEST_P(AttentionStyles, CaptureKnowsTheLearnedSink) {
    const KvShape shape = shapeOf(1, 16, 4, 300);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<float> ring = test::randomFloats(3 * 16, 1, 2.0f),
                             sink = test::randomFloats(3 * 16, 2, 2.0f);
    for (const ReferenceStyle& style : styles(3)) {
        std::vector<kernels::HeadStats> stats(3);
        std::vector<float> rows(static_cast<std::size_t>(3 * shape.slots()));
        kernels::AttentionCapture capture;
        capture.heads = stats;
        capture.rows = rows;
        attend(*m_backend, *cache, 3, {{4, 280, 250}}, ring, sink, &capture, 0, &style);
        const auto expected =
            test::attend(*cache, 0, {ring, sink}, test::runsOf(shape, {4, 280, 250}), style, 64);
        EXPECT_LT(test::relativeError(rows, expected.rows), 1e-5);
        for (std::size_t head = 0; head < 3; ++head) {
            const test::ReferenceStats& wanted = expected.heads[head];
            EXPECT_NEAR(static_cast<double>(stats[head].learnedSink), wanted.learnedSink, 1e-5);
            EXPECT_NEAR(static_cast<double>(stats[head].sinks), wanted.sinks, 1e-5);
            EXPECT_NEAR(static_cast<double>(stats[head].recent), wanted.recent, 1e-5);
            EXPECT_NEAR(static_cast<double>(stats[head].effectiveKeys) / wanted.effectiveKeys, 1.0, 1e-4);
        }
        EXPECT_EQ(stats[0].learnedSink > 0.0f, !style.sinkLogits.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Every, AttentionStyles, testing::ValuesIn(test::directBackendNames()),
                         [](const auto& parameter) { return parameter.param; });

} // namespace
