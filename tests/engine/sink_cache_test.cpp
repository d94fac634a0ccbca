#include "engine/sink_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

// The cache's arithmetic against plain definitions (streaming-cache.md 5.1): T8, T9, N9, N10, N11 and the
// segment table.
namespace {

using engine::Place;
using engine::SinkCache;
using engine::StreamPosition;

/// The reference's evict_for_space(n): so much goes that window - n past tokens remain (floor 0).
void evictForSpace(SinkCache& cache, int comingTokens) {
    const StreamPosition kept = std::max(0, cache.shape().window - comingTokens);
    cache.forgetBefore(std::max(cache.shape().ringStart, cache.next() - kept));
}

/// Runs of slots whose tokens follow each other in the stream: the sinks and the ring.
struct Segment {
    int count = 0;
};
std::vector<Segment> segmentsOf(const SinkCache& cache) {
    std::vector<Segment> segments(2);
    for (int slot = 0; slot < cache.slots(); ++slot)
        if (cache.positionOf(slot) >= 0)
            ++segments[slot < cache.shape().sinks ? 0 : 1].count;
    return segments;
}

struct Seen {
    std::set<StreamPosition> positions;
    std::map<StreamPosition, StreamPosition> cachePositions; // stream position -> position inside the cache
};

// What a ring of slots really holds, kept the slow way: who was written where.
class Memory {
public:
    explicit Memory(int slots) : m_slots(static_cast<std::size_t>(slots), -1) {}
    void write(const Place& place) { m_slots.at(static_cast<std::size_t>(place.slot)) = place.position; }
    Seen look(const Place& place, const SinkCache& cache) const {
        Seen seen;
        for (int i = 0; i < place.view.sinkCount; ++i)
            add(seen, i, i);
        for (int i = 0; i < place.view.ringCount; ++i)
            add(seen, cache.shape().sinks + (place.view.ringFirst + i) % cache.ringSlots(),
                cache.shape().sinks + i);
        return seen;
    }

private:
    void add(Seen& seen, int slot, StreamPosition cachePosition) const {
        const StreamPosition position = m_slots.at(static_cast<std::size_t>(slot));
        EXPECT_TRUE(seen.positions.insert(position).second) << "slot " << slot << " is seen twice";
        seen.cachePositions[position] = cachePosition;
    }
    std::vector<StreamPosition> m_slots;
};

// V(t) = [0, min(S, t+1)) and [max(S, t-W), t], straight from the definition.
std::set<StreamPosition> tokenWiseView(StreamPosition t, int sinks, int window) {
    std::set<StreamPosition> view;
    for (StreamPosition j = 0; j < std::min<StreamPosition>(sinks, t + 1); ++j)
        view.insert(j);
    for (StreamPosition j = std::max<StreamPosition>(sinks, t - window); j <= t; ++j)
        view.insert(j);
    return view;
}

class Shapes : public testing::TestWithParam<std::tuple<int, int, int>> {};

// T8: every boundary size, any split into chunks: each query sees exactly its own visible set, in slots that
// hold it.
TEST_P(Shapes, EveryQuerySeesItsOwnWindow) {
    const auto [sinks, window, maxChunk] = GetParam();
    SinkCache cache({.sinks = sinks, .window = window, .maxChunk = maxChunk});
    Memory memory(cache.slots());
    std::mt19937 random(1);
    std::vector<Place> places;
    while (cache.next() < 6 * (sinks + window + maxChunk) + 7) {
        const int n = std::uniform_int_distribution<int>(1, maxChunk)(random);
        cache.append(n, places);
        ASSERT_EQ(places.size(), static_cast<std::size_t>(n));
        for (const Place& place : places)
            memory.write(place); // the whole chunk is written before anything is read
        for (const Place& place : places) {
            const Seen seen = memory.look(place, cache);
            ASSERT_EQ(seen.positions, tokenWiseView(place.position, sinks, window))
                << "t = " << place.position;
            ASSERT_EQ(seen.cachePositions.at(place.position), place.sinkPosition);
            ASSERT_EQ(place.sinkPosition, std::min<StreamPosition>(place.position, sinks + window));
            const StreamPosition ring = place.position - sinks;
            const StreamPosition expected =
                place.position < sinks ? place.position : sinks + ring % (window + maxChunk);
            ASSERT_EQ(place.slot, expected);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Boundaries, Shapes,
                         testing::Combine(testing::Values(0, 1, 4, 7), testing::Values(0, 1, 2, 5, 16, 33),
                                          testing::Values(1, 2, 5, 16, 40)));

// T9: the arithmetic of evict_for_space(num_coming) in the authors' program, which slices a list.
TEST(SinkCache, EvictForSpaceKeepsWhatTheReferenceKeeps) {
    for (const int window : {1, 5, 12}) {
        for (int have = 0; have <= window; ++have) {
            for (int coming = 0; coming <= window + 3; ++coming) {
                const int sinks = 3;
                SinkCache cache({.sinks = sinks, .window = window, .maxChunk = 4});
                std::vector<Place> places;
                for (int i = 0; i < sinks + have; ++i)
                    cache.append(1, places);
                const bool fits = sinks + have + coming <= sinks + window;
                evictForSpace(cache, coming);
                const int expected = fits ? have : std::max(0, window - coming);
                EXPECT_EQ(cache.visible(), sinks + expected) << window << " " << have << " " << coming;
                EXPECT_EQ(cache.forgotten() + cache.visible(), cache.next());
            }
        }
    }
}

// N9: S = 4, C = 16, 40 tokens: {0..3} and {28..39} are in view, 24 are forgotten.
TEST(SinkCache, FortyTokensInSixteenPlaces) {
    SinkCache cache({.sinks = 4, .window = 12, .maxChunk = 1});
    std::vector<Place> places;
    StreamPosition edge = 4;
    for (int t = 0; t < 40; ++t) {
        cache.append(1, places);
        const StreamPosition forgottenNow = cache.oldest() - edge;
        ASSERT_EQ(forgottenNow, t >= 16 ? 1 : 0) << "one goes for each one that comes";
        edge = cache.oldest();
    }
    std::set<StreamPosition> live;
    for (int slot = 0; slot < cache.slots(); ++slot)
        if (const StreamPosition position = cache.positionOf(slot); position >= 0) {
            live.insert(position);
            EXPECT_EQ(cache.slotOf(position), slot);
        }
    std::set<StreamPosition> expected{0, 1, 2, 3};
    for (StreamPosition j = 28; j < 40; ++j)
        expected.insert(j);
    EXPECT_EQ(live, expected);
    EXPECT_EQ(cache.forgotten(), 24);
    EXPECT_EQ(cache.visible(), 16);
}

// N10: a burst; identities stay contiguous, sinks are never evicted, nothing is lost from the count.
TEST(SinkCache, BurstsKeepTheSinksAndTheCount) {
    SinkCache cache({.sinks = 4, .window = 60, .maxChunk = 8});
    std::vector<Place> places;
    std::mt19937 random(3);
    for (int round = 0; round < 200; ++round) {
        cache.append(std::uniform_int_distribution<int>(1, 8)(random), places);
        if (round % 7 == 0)
            evictForSpace(cache, std::uniform_int_distribution<int>(0, 70)(random));
        const auto segments = segmentsOf(cache);
        ASSERT_FALSE(segments.empty());
        EXPECT_EQ(segments[0].count, std::min<StreamPosition>(4, cache.next()));
        int visible = 0;
        for (const auto& segment : segments)
            visible += segment.count;
        ASSERT_EQ(visible, cache.visible());
        ASSERT_EQ(cache.forgotten() + cache.visible(), cache.next());
    }
}

// N11: figure 4 of the paper: tokens 0 1 2 3 6 7 8 are cached, number 9 comes, the model is told 0 to 7.
TEST(SinkCache, ThePapersExample) {
    SinkCache cache({.sinks = 4, .window = 3, .maxChunk = 1});
    Memory memory(cache.slots());
    std::vector<Place> places;
    Seen seen;
    for (int t = 0; t < 10; ++t) {
        cache.append(1, places);
        memory.write(places[0]);
        seen = memory.look(places[0], cache);
    }
    const std::map<StreamPosition, StreamPosition> expected{{0, 0}, {1, 1}, {2, 2}, {3, 3},
                                                            {6, 4}, {7, 5}, {8, 6}, {9, 7}};
    EXPECT_EQ(seen.cachePositions, expected);
    EXPECT_EQ(places[0].sinkPosition, 7);
}

TEST(SinkCache, TurnAlignedEdgeMakesASawTooth) {
    SinkCache cache({.sinks = 2, .window = 10, .maxChunk = 4});
    std::vector<Place> places;
    for (int i = 0; i < 12; ++i)
        cache.append(1, places);
    cache.forgetBefore(8);
    EXPECT_EQ(cache.visible(), 2 + 4);
    cache.append(1, places);
    EXPECT_EQ(places[0].position, 12);
    EXPECT_EQ(places[0].sinkPosition, 2 + (12 - 8));
    EXPECT_EQ(places[0].view.ringCount, 5);
    cache.forgetBefore(3); // never backward
    EXPECT_EQ(cache.oldest(), 8);
}

TEST(SinkCache, RewindTakesBackTheNewest) {
    SinkCache cache({.sinks = 2, .window = 10, .maxChunk = 4});
    std::vector<Place> places;
    for (int i = 0; i < 9; ++i)
        cache.append(1, places);
    EXPECT_TRUE(cache.rewind(5)) << "nothing was forgotten: as good as a fresh read";
    EXPECT_EQ(cache.next(), 5);
    EXPECT_EQ(cache.visible(), 5);
    for (int i = 0; i < 40; ++i)
        cache.append(1, places);
    EXPECT_EQ(cache.oldest(), 35);
    EXPECT_FALSE(cache.rewind(40)) << "a fresh read would still show 30 to 34";
    EXPECT_EQ(cache.visible(), 2 + 5);
    EXPECT_TRUE(cache.rewind(2)) << "only the sinks";
    EXPECT_EQ(cache.visible(), 2);
    EXPECT_EQ(cache.forgotten(), 0);
    cache.append(1, places);
    EXPECT_EQ(places[0].view.ringCount, 1);
}

// Whatever is read behind a mark, up to a chunk, and taken back: the same keys are in view as before, at a turn's edge, too.
TEST(SinkCache, RollingBackIsExact) {
    std::mt19937 random(5);
    for (const int window : {0, 1, 7, 12}) {
        SinkCache cache({.sinks = 3, .window = window, .maxChunk = 5});
        Memory memory(cache.slots());
        std::vector<Place> places;
        const auto write = [&](int n) {
            cache.append(n, places);
            for (const Place& place : places)
                memory.write(place);
        };
        const auto see = [&] { // what the next token would see; the cache is a copy
            SinkCache copy = cache;
            Memory copied = memory;
            copy.append(1, places);
            copied.write(places[0]);
            return copied.look(places[0], copy).positions;
        };
        for (int round = 0; round < 60; ++round) {
            if (round % 9 == 8)
                cache.forgetBefore(std::max<StreamPosition>(3, cache.next() - 2));
            const auto before = see();
            const int visible = cache.visible();
            const SinkCache::Mark mark = cache.mark();
            write(std::uniform_int_distribution<int>(1, 5)(random));
            ASSERT_TRUE(cache.rollBack(mark));
            ASSERT_EQ(cache.visible(), visible);
            ASSERT_EQ(see(), before) << "window " << window << ", round " << round;
            write(std::uniform_int_distribution<int>(1, 3)(random));
        }
    }
}

TEST(SinkCache, AMarkWhoseSlotsWereWrittenAgainIsDead) {
    SinkCache cache({.sinks = 2, .window = 10, .maxChunk = 4});
    std::vector<Place> places;
    for (int i = 0; i < 20; ++i)
        cache.append(1, places);
    const SinkCache::Mark mark = cache.mark();
    cache.append(4, places);
    EXPECT_TRUE(cache.rollBack(mark));
    EXPECT_EQ(cache.oldest(), 10);
    cache.append(4, places);
    cache.append(1, places);
    EXPECT_FALSE(cache.rollBack(mark)) << "the oldest one's slot holds a newer token";
    EXPECT_EQ(cache.next(), 25) << "nothing happens";
    const SinkCache::Mark now = cache.mark();
    cache.append(1, places);
    EXPECT_TRUE(cache.rollBack(now)) << "one more in flight is no harm";
}

TEST(SinkCache, DenseFillsUpAndStops) {
    SinkCache cache({.sinks = 0, .window = 9, .maxChunk = 4, .dense = true});
    std::vector<Place> places;
    for (int t = 0; t < 9; ++t) {
        ASSERT_FALSE(cache.full());
        EXPECT_EQ(cache.room(), 9 - t);
        cache.append(1, places);
        EXPECT_EQ(places[0].sinkPosition, t);
        EXPECT_EQ(places[0].view.ringCount, t + 1);
    }
    EXPECT_TRUE(cache.full());
    EXPECT_EQ(cache.forgotten(), 0);
}

// The ring may begin anywhere in the stream; the model is told the same positions inside the cache.
TEST(SinkCache, LateRingStart) {
    const StreamPosition far = (StreamPosition{1} << 31) + 5;
    SinkCache near({.sinks = 3, .window = 7, .maxChunk = 5});
    SinkCache late({.sinks = 3, .window = 7, .maxChunk = 5, .ringStart = far});
    std::vector<Place> a, b;
    for (int i = 0; i < 12; ++i) {
        near.append(1 + i % 5, a);
        late.append(1 + i % 5, b);
        for (std::size_t k = 0; k < a.size(); ++k) {
            EXPECT_EQ(a[k].sinkPosition, b[k].sinkPosition);
            EXPECT_EQ(a[k].slot, b[k].slot);
            EXPECT_EQ(a[k].view.ringFirst, b[k].view.ringFirst);
            EXPECT_EQ(a[k].view.ringCount, b[k].view.ringCount);
            EXPECT_EQ(b[k].position - a[k].position, a[k].position < 3 ? 0 : far - 3);
        }
        EXPECT_EQ(near.length(), late.length());
        EXPECT_EQ(near.visible(), late.visible());
        EXPECT_EQ(near.forgotten(), late.forgotten());
    }
}

} // namespace
