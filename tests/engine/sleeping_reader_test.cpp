#include "tests/engine/session_fixture.h"

#include <numeric>

// C2: nobody reads the journal for a long time while tokens come. Either everything is there afterwards, or
// what is missing is counted and the rest still adds up. (That the engine does not wait for the reader is in
// capture_test.cpp: no lock between tokens.)
namespace {

using engine::JournalEvent;
using Type = JournalEvent::Type;

class SleepingReader : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model =
        test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 61}));
    engine::Latest<engine::AttentionFrame> frames;
    engine::ChatRequest request;
    engine::Session session{model};
    std::vector<JournalEvent> events;
    std::uint64_t lost = 0;
    std::int64_t nextId = 1;

    /// Answers, one after the other, until so many tokens have come; only then is the journal read.
    engine::CacheStatus decode(engine::Journal& journal, int tokens) {
        request.cache = {.sinks = 4, .window = 100};
        request.sampling.seed = 5;
        std::string answer;
        engine::Session::Observer observer;
        session.watch({.capture =
                           [] {
                               return engine::CaptureRequest{engine::CaptureLevel::Mass, 0};
                           },
                       .frames = &frames,
                       .journal = &journal});
        observer.token = [&](engine::TokenId, const std::string& text, const engine::CacheStatus&) {
            answer += text;
            --tokens;
        };
        while (tokens > 0) {
            request.history.push_back({nextId++, engine::Role::User, "And then?"});
            request.answerId = nextId++;
            request.maxTokens = tokens;
            answer.clear();
            session.run(request, observer, {});
            request.history.push_back({request.answerId, engine::Role::Assistant, answer});
        }
        journal.take(events, lost);
        return session.status();
    }

    std::int64_t count(Type type) const {
        return std::count_if(events.begin(), events.end(),
                             [&](const JournalEvent& event) { return event.type == type; });
    }
};

TEST_F(SleepingReader, FindsEverythingInOrder) {
    engine::Journal journal;
    const engine::CacheStatus status = decode(journal, 3000); // 10 s of a fast answer
    EXPECT_EQ(lost, 0u);
    test::JournalReader reader;
    for (const JournalEvent& event : events)
        reader.apply(event);
    const auto inView = std::count_if(reader.slots.begin(), reader.slots.end(),
                                      [](engine::StreamPosition position) { return position >= 0; });
    EXPECT_GT(status.forgotten, 2500);
    // The status is of the token to come; the newest one still saw one more.
    EXPECT_EQ(reader.evicted, status.forgotten - 1);
    EXPECT_EQ(inView, status.visible + 1);
    EXPECT_EQ(reader.evicted + inView, status.position);
    EXPECT_GT(count(Type::Scalars), 2000);
}

TEST_F(SleepingReader, IsToldOfTheGapAndTheEndStillAddsUp) {
    engine::Journal journal(2048);
    const engine::CacheStatus status = decode(journal, 1500);
    EXPECT_GT(lost, 0u);
    EXPECT_GT(events.size(), 1900u);
    // What comes after the gap names the stream's place and the window's edge by itself.
    events.clear();
    const engine::CacheStatus later = decode(journal, 30);
    EXPECT_EQ(lost, 0u);
    engine::StreamPosition next = 0, oldest = 0;
    for (const JournalEvent& event : events) {
        if (event.type == Type::Append)
            next = event.position + 1;
        else if (event.type == Type::Evict)
            oldest = event.position + event.count;
    }
    EXPECT_GT(later.position, status.position);
    EXPECT_EQ(next, later.position);
    EXPECT_EQ(oldest - later.sinks, later.forgotten - 1);
    EXPECT_EQ(next - oldest, later.window + 1);
}

TEST(Journal, AFullOneStillTakesWhatChangesTheStream) {
    engine::Journal journal(1024);
    for (int i = 0; i < 3000; ++i)
        journal.push({.position = i});
    journal.push({.type = Type::Reset, .slot = 4, .count = 20});
    journal.push({.type = Type::Rewind, .position = 7});
    std::vector<JournalEvent> events;
    std::uint64_t lost = 0;
    journal.take(events, lost);
    ASSERT_GT(events.size(), 2u);
    EXPECT_EQ(lost, 3002 - events.size());
    EXPECT_EQ(events[events.size() - 2].type, Type::Reset);
    EXPECT_EQ(events.back().type, Type::Rewind);
}

} // namespace
