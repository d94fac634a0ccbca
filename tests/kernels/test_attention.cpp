#include "tests/kernels/attention_fixture.h"

#include <random>
#include <vector>

// attend() against the double-precision reference.
namespace {

using kernels::KvShape;
using kernels::KvType;
using test::QueryView;

class Attention : public AttentionFixture {
protected:
    std::unique_ptr<kernels::Backend> m_backend = makeBackend(2);
};

TEST_P(Attention, EveryHeadDimensionAndGroup) {
    for (int headDim : {10, 16, 64, 80, 128, 256}) {
        for (int group = 1; group <= 8; ++group) {
            const auto cache = filledCache(*m_backend, shapeOf(2, headDim, 4, 300));
            check(*m_backend, *cache, 2 * group, {{4, 0, 300}}, 1);
            check(*m_backend, *cache, 2 * group, {{4, 290, 77}, {4, 291, 77}, {4, 292, 77}}, 0);
        }
    }
}

TEST_P(Attention, EveryKindOfView) {
    const auto cache = filledCache(*m_backend, shapeOf(1, 16, 300, 1001));
    for (const QueryView& view : std::vector<QueryView>{{1, 0, 0},
                                                        {300, 0, 0},
                                                        {257, 17, 0},
                                                        {0, 0, 1},
                                                        {0, 1000, 1},
                                                        {0, 1000, 2},
                                                        {4, 255, 2},
                                                        {4, 256, 256},
                                                        {4, 500, 1001},
                                                        {4, 100, 990},
                                                        {300, 0, 1001}}) {
        check(*m_backend, *cache, 3, {view});
        check(*m_backend, *cache, 3, {view, view, view, view, view, view, view});
    }
}

TEST_P(Attention, NothingVisibleGivesZeros) {
    const auto cache = filledCache(*m_backend, shapeOf(1, 16, 4, 20));
    const std::vector<float> query = test::randomFloats(3 * 16 * 9, 1);
    for (float value : attend(*m_backend, *cache, 3, std::vector<QueryView>(9), query, query))
        EXPECT_EQ(value, 0.0f);
}

TEST_P(Attention, EveryPrecisionOfSinksAndRing) {
    for (KvType sinkType : {KvType::F32, KvType::F16, KvType::Q8_0})
        for (KvType ringType : {KvType::F32, KvType::F16, KvType::Q8_0})
            for (int headDim : {10, 48, 64, 272}) {
                const auto cache = filledCache(*m_backend, shapeOf(2, headDim, 5, 290, sinkType, ringType));
                check(*m_backend, *cache, 2, {{5, 280, 270}});
                check(*m_backend, *cache, 6, {{5, 283, 270}});
                check(*m_backend, *cache, 6, {{5, 7, 1}});
                check(*m_backend, *cache, 6, {{5, 0, 11}, {5, 0, 12}, {5, 0, 13}, {5, 0, 14}, {5, 0, 15}});
            }
}

TEST_P(Attention, ChunkWhoseQueriesSeeDifferentKeys) {
    std::mt19937 random(5);
    const auto cache = filledCache(*m_backend, shapeOf(2, 16, 20, 700));
    std::vector<QueryView> views;
    for (int i = 0; i < 75; ++i)
        views.push_back({static_cast<int>(random() % 21), static_cast<int>(random() % 700),
                         static_cast<int>(1 + random() % 700)});
    check(*m_backend, *cache, 6, views);
}

TEST_P(Attention, WhatIsNotVisibleDoesNotMatter) {
    const KvShape shape = shapeOf(1, 16, 4, 64);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<QueryView> views{{3, 50, 30}, {3, 50, 31}, {3, 50, 32}, {3, 50, 33}, {3, 50, 34}};
    const std::vector<float> query = test::randomFloats(5 * 16 * 3, 1);
    const std::vector<float> before = attend(*m_backend, *cache, 3, views, query, query);
    std::vector<std::int32_t> hidden;
    for (int slot = 0; slot < shape.slots(); ++slot)
        if (!test::isVisible(test::runsOf(shape, views.back()), slot))
            hidden.push_back(slot);
    const std::vector<float> huge(hidden.size() * 16, 6e4f);
    store(*m_backend, *cache, 0, hidden, huge, huge);
    EXPECT_EQ(before, attend(*m_backend, *cache, 3, views, query, query));
}

// The same bits alone and in a chunk, for any number of threads, with capture and without.
TEST_P(Attention, ResultsDependOnTheQueryAlone) {
    struct Case {
        KvType ringType;
        int group, headDim;
    };
    for (const auto& [ringType, group, headDim] :
         {Case{KvType::F16, 3, 64}, Case{KvType::Q8_0, 3, 64}, Case{KvType::F16, 1, 80},
          Case{KvType::F16, 3, 80}, Case{KvType::F16, 7, 80}, Case{KvType::Q8_0, 3, 80},
          Case{KvType::Q8_0, 7, 80}, Case{KvType::F16, 1, 128}, Case{KvType::Q8_0, 1, 128},
          Case{KvType::Q8_0, 2, 64}}) {
        const KvShape shape = shapeOf(3, headDim, 4, 900, KvType::F16, ringType);
        const int heads = 3 * group;
        const auto cache = filledCache(*m_backend, shape);
        std::vector<QueryView> views;
        for (int i = 0; i < 50; ++i)
            views.push_back({4, 700, 300 + i});
        const std::size_t width = static_cast<std::size_t>(heads * headDim);
        const std::vector<float> ring = test::randomFloats(50 * width, 1),
                                 sink = test::randomFloats(50 * width, 2);
        const std::vector<float> chunk = attend(*m_backend, *cache, heads, views, ring, sink);
        for (int threads : {1, 3}) {
            const auto other = makeBackend(threads);
            const auto same = filledCache(*other, shape);
            EXPECT_EQ(chunk, attend(*other, *same, heads, views, ring, sink)) << threads << " threads";
        }
        std::vector<kernels::HeadStats> stats(static_cast<std::size_t>(heads));
        std::vector<float> mass(static_cast<std::size_t>(shape.slots()));
        kernels::AttentionCapture capture;
        capture.heads = stats;
        capture.slotMass = mass;
        EXPECT_EQ(chunk, attend(*m_backend, *cache, heads, views, ring, sink, &capture));
        for (std::size_t token : {0u, 31u, 49u}) {
            const auto part = [&](const std::vector<float>& all) {
                return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(token * width),
                                          all.begin() + static_cast<std::ptrdiff_t>((token + 1) * width));
            };
            EXPECT_EQ(part(chunk), attend(*m_backend, *cache, heads, {views[token]}, part(ring), part(sink)));
            EXPECT_EQ(part(chunk),
                      attend(*m_backend, *cache, heads, {views[token]}, part(ring), part(sink), &capture));
        }
    }
}

// Neighbours may share a reading of keys: while their windows slide, where one sees others, and behind the end of the ring.
TEST_P(Attention, WindowsThatSlideInAChunk) {
    constexpr int tokens = 19, headDim = 64;
    for (int group = 1; group <= 8; ++group) {
        const auto cache = filledCache(*m_backend, shapeOf(1, headDim, 4, 700));
        std::vector<QueryView> views;
        for (int i = 0; i < tokens; ++i)
            views.push_back({4, i == 7 ? 20 : 390 + i, i < 12 ? 300 : 305});
        check(*m_backend, *cache, group, views);
        const auto width = static_cast<std::size_t>(group * headDim);
        const auto ring = test::randomFloats(tokens * width, 1), sink = test::randomFloats(tokens * width, 2);
        const auto chunk = attend(*m_backend, *cache, group, views, ring, sink);
        for (std::size_t token = 0; token < tokens; token += 3) {
            const auto part = [&](const std::vector<float>& all) {
                const auto from = all.begin() + static_cast<std::ptrdiff_t>(token * width);
                return std::vector<float>(from, from + static_cast<std::ptrdiff_t>(width));
            };
            EXPECT_EQ(part(chunk), attend(*m_backend, *cache, group, {views[token]}, part(ring), part(sink)))
                << group << " heads, token " << token;
        }
    }
}

TEST_P(Attention, CountsTheBytesItReads) {
    const auto cache = filledCache(*m_backend, shapeOf(3, 64, 0, 1024));
    const std::vector<float> query = test::randomFloats(9 * 64, 1);
    m_backend->takeBytesRead();
    attend(*m_backend, *cache, 9, {{0, 0, 1024}}, query, query);
    EXPECT_EQ(m_backend->takeBytesRead(), 1024u * 3 * 64 * 2 * 2);
    EXPECT_EQ(m_backend->takeBytesRead(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Every, Attention, testing::ValuesIn(test::directBackendNames()),
                         [](const auto& parameter) { return parameter.param; });

} // namespace
