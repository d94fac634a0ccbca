#include "tests/engine/session_fixture.h"

// What is in view is a function of the branch, and a stop leaves the cache in step with the text.
namespace {

using engine::Purpose;
using engine::Role;
using engine::StopReason;
using test::Chat;

class SessionBranch : public test::ShortChat {
protected:
    std::unique_ptr<Chat> restarted() const {
        auto other = std::make_unique<Chat>(model);
        other->request = chat.request;
        other->nextId = chat.nextId;
        return other;
    }
    static std::vector<engine::TokenId> view(Chat& chat) {
        const engine::SinkCache& cache = chat.session.context()->cache();
        std::vector<engine::TokenId> tokens;
        for (const auto& [position, event] : chat.reader.stream)
            if (position < cache.shape().sinks || position >= cache.oldest())
                tokens.push_back(event.token);
        return tokens;
    }
    void prepare(Chat& one) {
        one.request.purpose = Purpose::Prepare;
        one.session.run(one.request, one.observer, {});
        one.reader.read(one.journal);
    }
};

// The first token of an answer is shown and not read; then questions are stopped in their first chunk, again and again.
TEST_F(SessionBranch, APendingTokenIsReadOnceHoweverOftenReadingStops) {
    chat.onToken = [&] { chat.stop.request_stop(); };
    chat.say("Is anybody there?");
    ASSERT_EQ(chat.picked.size(), 1u);
    const engine::TokenId shown = chat.picked.front();
    const auto before = chat.reader.tokens();
    chat.onToken = nullptr;
    std::stop_source stopped;
    stopped.request_stop();
    chat.request.history.push_back({chat.nextId++, Role::User, "And now?"});
    chat.request.answerId = chat.nextId++;
    chat.request.purpose = Purpose::Answer;
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(chat.session.run(chat.request, chat.observer, stopped.get_token()).reason,
                  StopReason::Cancelled);
    chat.request.maxTokens = 1;
    chat.answerIt();
    auto expected = before;
    expected.push_back(shown);
    const auto tokens = chat.reader.tokens();
    ASSERT_GT(tokens.size(), expected.size() + 1);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), tokens.begin()));
    EXPECT_TRUE(model->tokenizer->isControl(tokens[expected.size()])) << "the end of the turn follows, once";
}

// The same, but the first answer is asked for again: nothing of what was shown of it stands in front.
TEST_F(SessionBranch, ARegeneratedAnswerFollowsTheQuestion) {
    chat.onToken = [&] { chat.stop.request_stop(); };
    chat.say("Is anybody there?");
    chat.onToken = nullptr;
    const auto history = chat.request.history;
    std::stop_source stopped;
    stopped.request_stop();
    chat.request.history.push_back({chat.nextId++, Role::User, "And now?"});
    chat.session.run(chat.request, chat.observer, stopped.get_token());
    chat.request.history = {history.front()};
    chat.answerIt();
    auto straight = restarted();
    straight->request.history = {history.front()};
    straight->answerIt();
    EXPECT_EQ(chat.answer, straight->answer);
    EXPECT_EQ(view(chat), view(*straight));
}

// Read, roll, regenerate, edit: the same branch has as much in view as after a restart.
TEST_F(SessionBranch, TheSameBranchLeadsToTheSameView) {
    int rolled = 0;
    for (int i = 0; i < 25; ++i) {
        chat.request.maxTokens = i % 5 == 4 ? 150 : 12;
        chat.say("Question " + std::to_string(i) + " about the harbour and its boats.");
        if (i % 3 == 1) {
            chat.request.history.pop_back();
            chat.answerIt();
        }
        chat.request.history.push_back({chat.nextId++, Role::User, "What else?"});
        prepare(chat);
        auto other = restarted();
        prepare(*other);
        const auto status = chat.session.status(), fresh = other->session.status();
        EXPECT_EQ(status.horizon.messageId, fresh.horizon.messageId) << i;
        EXPECT_NEAR(status.visible, fresh.visible, 6)
            << "an answer's tokens may be other ones than its text's";
        // The toy's answers are broken characters: as text they have up to three times the tokens they were made of.
        EXPECT_LE(status.forgotten, fresh.forgotten + 20) << i;
        EXPECT_GE(2 * status.forgotten, fresh.forgotten) << i;
        rolled += status.forgotten > 0;
        chat.request.history.pop_back();
    }
    EXPECT_GT(rolled, 10);
}

// What a restart leaves out counts as it does for who has read it: with the template's text that stands round it.
TEST_F(SessionBranch, WhatIsLeftOutIsCountedAsItIsRead) {
    for (int i = 0; i < 20; ++i)
        chat.request.history.push_back({chat.nextId++, i % 2 == 0 ? Role::User : Role::Assistant,
                                        "Boat number " + std::to_string(i) + " left the harbour."});
    chat.request.history.push_back({chat.nextId++, Role::User, "What else?"});
    auto roomy = restarted();
    roomy->request.cache.window = 2000;
    prepare(*roomy);
    ASSERT_EQ(roomy->session.status().forgotten, 0);
    prepare(chat);
    const auto status = chat.session.status();
    EXPECT_GT(status.forgotten, 100);
    EXPECT_EQ(status.visible + status.forgotten, roomy->session.status().visible);
}

TEST_F(SessionBranch, WhatFitsIsInView) {
    chat.request.cache.window = 400;
    std::string half(150, 'x');
    chat.request.history = {{1, Role::User, half}, {2, Role::Assistant, half}};
    chat.nextId = 3;
    chat.request.history.push_back({3, Role::User, "And?"});
    prepare(chat);
    const auto status = chat.session.status();
    EXPECT_GT(status.visible, 320) << "more than three quarters";
    EXPECT_EQ(status.forgotten, 0);
    EXPECT_EQ(status.horizon.messageId, 0);
}

TEST_F(SessionBranch, OfAVeryLongAnswerTheNewestPartIsRead) {
    std::string text;
    while (text.size() < (1u << 20))
        text += "The ferry lands at noon and leaves again at two. ";
    chat.request.history = {{1, Role::User, "Tell me."}, {2, Role::Assistant, text}};
    chat.request.purpose = Purpose::Prepare;
    const auto result = chat.session.run(chat.request, chat.observer, {});
    EXPECT_LE(result.promptTokens, 160);
    auto status = chat.session.status();
    EXPECT_EQ(status.horizon.messageId, 2);
    EXPECT_GT(status.horizon.byteOffset, (1 << 20) - 2000);
    EXPECT_TRUE(status.forgottenIsAbout);
    EXPECT_GT(status.forgotten, 100000);
    chat.nextId = 3;
    const auto asked = chat.say("And then?");
    EXPECT_LT(asked.promptTokens, 60) << "only the question is new";
    EXPECT_EQ(chat.last.visible, 160) << "the end of the answer is still in view";
}

TEST_F(SessionBranch, NumbersBelongToTheChat) {
    chat.say("One.");
    chat.request.chatId = 2;
    chat.request.history.clear();
    chat.say("Two.");
    EXPECT_EQ(chat.last.readAgain, 0);
    engine::Session next(model, &chat.session); // another model
    prepare(chat);
    chat.request.purpose = Purpose::Prepare;
    const auto result = next.run(chat.request, chat.observer, {});
    EXPECT_GT(result.promptTokens, 0);
    EXPECT_GT(next.status().readAgain, 0);
    EXPECT_LT(next.status().readAgain, result.promptTokens)
        << "the system block was there when this chat began";
}

} // namespace
