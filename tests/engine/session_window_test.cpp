#include "engine/log_sum_exp.h"
#include "tests/engine/session_fixture.h"

#include <numeric>

// A chat that is longer than its window: pinned system block, turn-aligned edge, horizon, journal (N10, N15).
namespace {

using engine::ChatMessage;
using engine::JournalEvent;
using engine::Role;
using engine::StopReason;
using engine::StreamPosition;
using test::Chat;
using test::plain;
using test::special;

class SessionWindow : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model =
        test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 41}));
    Chat chat{model};

    void SetUp() override {
        chat.request.system = "Be brief.";
        chat.request.cache.sinks = 4;
        chat.request.cache.window = 156; // 160 in all
        chat.request.maxTokens = 12;
    }
    int blockSize() const {
        return static_cast<int>(chat.count({special("<|im_start|>system\n"), plain(chat.request.system),
                                            special("<|im_end|>\n<|im_start|>user\n")}));
    }
    // N15: the slot table of a reader of the journal is the cache's own. The journal tells an eviction with
    // the next token.
    void expectSameTable() {
        const engine::SinkCache& cache = chat.session.context()->cache();
        int live = 0;
        for (int slot = 0; slot < cache.slots(); ++slot) {
            const StreamPosition told = chat.reader.slots.at(static_cast<std::size_t>(slot));
            live += told >= 0;
            if (told != cache.positionOf(slot)) {
                EXPECT_EQ(told, cache.oldest() - 1) << "slot " << slot;
            }
        }
        EXPECT_EQ(chat.reader.evicted + live, cache.next()) << "nothing gets lost from the count";
    }
};

TEST_F(SessionWindow, TheSystemBlockIsPinned) {
    for (int i = 0; i < 30; ++i)
        chat.say("Message number " + std::to_string(i) + " of the day.");
    EXPECT_EQ(chat.last.sinks, blockSize());
    EXPECT_EQ(chat.last.capacity, 160) << "the window gives way to the pinned block";
    EXPECT_GT(chat.last.forgotten, 500);
    for (int slot = 0; slot < blockSize(); ++slot)
        EXPECT_EQ(chat.reader.slots.at(static_cast<std::size_t>(slot)), slot);
    // A block longer than half of the cache is pinned up to there.
    chat.request.system = std::string(400, 'x');
    chat.say("And now?");
    EXPECT_EQ(chat.last.sinks, 80);
    EXPECT_EQ(chat.last.capacity, 160);
}

TEST_F(SessionWindow, NothingIsReadTwiceWhenTheWindowRolls) {
    std::int64_t pending = 0;
    for (int i = 0; i < 40; ++i) {
        const std::string text = "Turn " + std::to_string(i) + ", please.";
        const auto result = chat.say(text);
        const auto expected =
            i == 0 ? blockSize() + static_cast<int>(chat.count(
                                       {plain(text), special("<|im_end|>\n<|im_start|>assistant\n")}))
                   : static_cast<int>(chat.count({special("<|im_end|>\n<|im_start|>user\n"), plain(text),
                                                  special("<|im_end|>\n<|im_start|>assistant\n")}));
        EXPECT_EQ(result.promptTokens, expected + pending) << "turn " << i;
        pending = result.reason == StopReason::Length ? 1 : 0;
    }
    EXPECT_EQ(chat.last.readAgain, 0);
    EXPECT_GT(chat.last.forgotten, 0);
    expectSameTable();
}

// When a question has been read, the model sees whole turns: the window begins with a user's first word.
TEST_F(SessionWindow, TheEdgeLiesOnATurn) {
    int aligned = 0;
    for (int i = 0; i < 40; ++i) {
        engine::Horizon atStart;
        bool first = true;
        int visible = 0;
        chat.onToken = [&] {
            if (first)
                atStart = chat.last.horizon;
            if (first)
                visible = chat.last.visible;
            first = false;
        };
        chat.say("Question " + std::to_string(i) + " about the harbour and its boats.");
        if (atStart.messageId == 0)
            continue;
        ++aligned;
        EXPECT_EQ(atStart.byteOffset, 0);
        EXPECT_EQ(atStart.messageId % 2, 1) << "users have odd ids here";
        EXPECT_GE(visible, (160 - blockSize()) / 2) << "at least half of the window stays";
    }
    EXPECT_GT(aligned, 25);
}

TEST_F(SessionWindow, HorizonIsTheFirstTextInView) {
    chat.request.maxTokens = 40;
    for (int i = 0; i < 12; ++i) {
        chat.say("A question of some length, number " + std::to_string(i) + ".");
        const engine::CacheStatus status = chat.session.status();
        if (status.forgotten == 0) {
            EXPECT_EQ(status.horizon.messageId, 0);
            continue;
        }
        const StreamPosition oldest = chat.session.context()->cache().oldest();
        auto at = chat.reader.stream.lower_bound(oldest);
        while (at != chat.reader.stream.end() && at->second.source.messageId == 0)
            ++at;
        ASSERT_NE(at, chat.reader.stream.end());
        EXPECT_EQ(status.horizon.messageId, at->second.source.messageId);
        EXPECT_EQ(status.horizon.byteOffset, at->second.source.byteBegin);
    }
}

// More of a long message is in view when what followed it is gone: then that part is read.
TEST_F(SessionWindow, ATailGrowsWithItsRoom) {
    std::string text;
    for (int i = 0; i < 200; ++i)
        text += "word" + std::to_string(i) + " ";
    Chat fresh(model);
    fresh.request = chat.request;
    chat.request.history = {
        {1, Role::User, text}, {2, Role::Assistant, "Yes."}, {3, Role::User, "A few words."}};
    chat.answerIt(engine::Purpose::Prepare);
    ASSERT_EQ(chat.session.status().horizon.messageId, 1) << "the long message is in view in part";
    for (Chat* one : {&chat, &fresh}) {
        one->request.history = {{1, Role::User, text}};
        one->answerIt();
    }
    EXPECT_EQ(chat.last.visible, fresh.last.visible);
    EXPECT_EQ(chat.last.horizon.byteOffset, fresh.last.horizon.byteOffset);
    EXPECT_EQ(chat.answer, fresh.answer);
}

// Of a message that is longer than the window only what is in view at its end is read: the newest part.
TEST_F(SessionWindow, OfALongPromptTheNewestPartIsRead) {
    std::string text;
    for (int i = 0; i < 200; ++i)
        text += "word" + std::to_string(i) + " ";
    int total = 0;
    chat.observer.prefill = [&](int, int all) { total = all; };
    const auto result = chat.say(text);
    EXPECT_EQ(result.promptTokens, 160) << "the system block and a window";
    EXPECT_EQ(total, result.promptTokens);
    EXPECT_EQ(chat.last.visible, 160);
    EXPECT_GT(chat.last.forgotten, 500) << "what was left out is forgotten, too";
    EXPECT_EQ(chat.last.horizon.messageId, 1);
    EXPECT_GT(chat.last.horizon.byteOffset, 1000);
    expectSameTable();
}

TEST_F(SessionWindow, AStoppedLongPromptIsReadFromItsStart) {
    chat.say("First.");
    std::string text;
    for (int i = 0; i < 300; ++i)
        text += "word" + std::to_string(i) + " ";
    chat.observer.prefill = [&](int, int) { chat.stop.request_stop(); };
    chat.request.cache.window = 700; // several chunks
    EXPECT_EQ(chat.say(text).reason, StopReason::Cancelled);
    chat.observer.prefill = nullptr;
    chat.request.history.pop_back();
    EXPECT_EQ(chat.answerIt().reason, StopReason::Length);
    expectSameTable();

    Chat straight(model);
    straight.request = chat.request;
    straight.request.history = {{3, Role::User, text}};
    straight.answerIt();
    EXPECT_EQ(chat.answer, straight.answer) << "the window holds nothing else";
}

// After a restart only the newest whole turns are read; the line above them is the horizon.
TEST_F(SessionWindow, ARestartReadsTheNewestTurns) {
    for (int i = 0; i < 40; ++i)
        chat.say("Message number " + std::to_string(i) + " of the day.");
    Chat other(model);
    other.request = chat.request;
    other.nextId = chat.nextId;
    const auto result = other.say("And now?");
    EXPECT_LE(result.promptTokens, 160);
    EXPECT_GT(result.promptTokens, 80);
    EXPECT_GT(other.last.forgotten, 500) << "what was left out is forgotten, too";
    EXPECT_FALSE(other.last.forgottenIsAbout);
    EXPECT_GT(other.last.horizon.messageId, 1);
    EXPECT_EQ(other.last.horizon.messageId % 2, 1);
    EXPECT_EQ(other.last.horizon.byteOffset, 0);
    EXPECT_EQ(other.last.readAgain, 0) << "this model has not read them before";
}

// The view of a question is the same before and after its answer. A long answer has written over the slots of what it pushed out:
// then the newest turns are read again, the sinks are not. A short one has not: then nothing is.
TEST_F(SessionWindow, RegenerateAfterALongAnswerReadsTurnsAgain) {
    for (int i = 0; i < 20; ++i)
        chat.say("Message number " + std::to_string(i) + " of the day.");
    chat.request.maxTokens = 120;
    chat.say("Tell me a story.");
    chat.request.history.pop_back();
    EXPECT_EQ(chat.answerIt().promptTokens, 0);
    chat.request.maxTokens = 400;
    chat.request.history.pop_back();
    chat.answerIt();
    ASSERT_GT(chat.picked.size(), 300u);
    chat.request.history.pop_back();
    const std::int64_t before = chat.last.readAgain;
    const auto result = chat.answerIt();
    EXPECT_GT(result.promptTokens, 60);
    EXPECT_LE(result.promptTokens, 160 - blockSize());
    EXPECT_GT(chat.last.readAgain, before);
    EXPECT_LE(chat.last.readAgain - before, result.promptTokens);
}

TEST_F(SessionWindow, TurnsAreInTheJournal) {
    chat.say("One.");
    chat.say("Two.");
    std::vector<std::pair<std::int64_t, Role>> turns;
    for (const JournalEvent& event : chat.reader.all)
        if (event.type == JournalEvent::Type::Turn) {
            turns.emplace_back(event.source.messageId, event.source.role);
            const auto token = chat.reader.stream.find(event.position);
            ASSERT_NE(token, chat.reader.stream.end());
            EXPECT_EQ(token->second.source.messageId, event.source.messageId);
        }
    const std::vector<std::pair<std::int64_t, Role>> expected{
        {1, Role::User}, {2, Role::Assistant}, {3, Role::User}, {4, Role::Assistant}};
    EXPECT_EQ(turns, expected);
}

} // namespace
