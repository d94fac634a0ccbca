#include "engine/attention_frame.h"
#include "engine/journal.h"

#include <gtest/gtest.h>

#include <thread>

// C1: the picture mailbox and the journal between two threads; also under ThreadSanitizer.
namespace {

struct Picture {
    std::uint64_t head = 0;
    std::uint64_t body[64] = {};
    std::uint64_t tail = 0;
};

TEST(Latest, NeverTornAndNeverBackwards) {
    engine::Latest<Picture> mailbox;
    constexpr std::uint64_t Count = 1'000'000;
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= Count; ++i) {
            Picture& picture = mailbox.back();
            picture.head = i;
            for (auto& word : picture.body)
                word = i;
            picture.tail = i;
            mailbox.publish();
        }
    });
    std::uint64_t last = 0;
    while (last < Count) {
        if (!mailbox.fetch()) {
            std::this_thread::yield();
            continue;
        }
        const Picture& picture = mailbox.front();
        ASSERT_EQ(picture.head, picture.tail);
        for (const auto word : picture.body)
            ASSERT_EQ(word, picture.head);
        ASSERT_GT(picture.head, last);
        last = picture.head;
    }
    writer.join();
    EXPECT_FALSE(mailbox.fetch()) << "the last one has been seen";
}

TEST(Journal, NothingIsLostOrReordered) {
    engine::Journal journal(1024);
    constexpr std::int64_t Count = 200'000;
    std::thread writer([&] {
        for (std::int64_t i = 0; i < Count; ++i)
            journal.push({.position = i});
    });
    std::int64_t next = 0;
    std::uint64_t gaps = 0;
    std::vector<engine::JournalEvent> events;
    while (next + static_cast<std::int64_t>(gaps) < Count) {
        events.clear();
        std::uint64_t lost = 0;
        journal.take(events, lost);
        gaps += lost;
        std::int64_t before = -1;
        for (const auto& event : events) {
            ASSERT_GT(event.position, before);
            before = event.position;
        }
        next += static_cast<std::int64_t>(events.size());
    }
    writer.join();
    EXPECT_EQ(next + static_cast<std::int64_t>(gaps), Count) << "every event has come or is counted as lost";
}

TEST(Journal, AFullOneCountsWhatItDrops) {
    engine::Journal journal(8);
    for (int i = 0; i < 11; ++i)
        journal.push({.position = i});
    std::vector<engine::JournalEvent> events;
    std::uint64_t lost = 0;
    journal.take(events, lost);
    EXPECT_EQ(lost, 3u);
    ASSERT_EQ(events.size(), 8u);
    EXPECT_EQ(events.back().position, 7);
    events.clear();
    journal.push({.position = 11});
    journal.take(events, lost);
    EXPECT_EQ(lost, 0u);
    EXPECT_EQ(events.at(0).position, 11);
}

} // namespace
