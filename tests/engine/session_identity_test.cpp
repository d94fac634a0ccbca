#include "engine/error.h"
#include "tests/engine/session_fixture.h"

#include <set>

// What a message is, is said by its role and its text; ids are labels. Instructions may stand anywhere.
namespace {

using engine::JournalEvent;
using engine::Purpose;
using engine::Role;
using test::Chat;
using test::plain;
using test::special;

class SessionIdentity : public test::ShortChat {
protected:
    engine::GenerationResult prepare() {
        chat.request.purpose = Purpose::Prepare;
        const auto result = chat.session.run(chat.request, chat.observer, {});
        chat.reader.read(chat.journal);
        return result;
    }
    /// Tokens that the question needs, and what is still to be read of the last answer.
    int ofQuestion(const std::string& text) const {
        return 1 + static_cast<int>(chat.count({special("<|im_end|>\n<|im_start|>user\n"), plain(text),
                                                special("<|im_end|>\n<|im_start|>assistant\n")}));
    }
    void label(std::int64_t (*name)(std::size_t index)) {
        for (std::size_t i = 0; i < chat.request.history.size(); ++i)
            chat.request.history[i].id = name(i);
    }
    std::set<std::int64_t> idsInView() {
        const engine::SinkCache& cache = chat.session.context()->cache();
        std::set<std::int64_t> ids;
        for (const auto& [position, event] : chat.reader.stream)
            if (event.source.isText && (position < cache.shape().sinks || position >= cache.oldest()))
                ids.insert(event.source.messageId);
        return ids;
    }
};

// A client that has no ids at all, over a window that rolls: only what is new is read.
TEST_F(SessionIdentity, WithoutIdsNothingIsReadAgain) {
    for (int i = 0; i < 30; ++i) {
        chat.nextId = 0;
        const std::string text = "Question " + std::to_string(i) + " about the harbour.";
        const auto result = chat.say(text);
        chat.nextId = 0;
        label([](std::size_t) { return std::int64_t{0}; });
        if (i > 0) {
            EXPECT_EQ(result.promptTokens, ofQuestion(text)) << i;
        }
    }
    EXPECT_GT(chat.last.forgotten, 200);
    EXPECT_EQ(chat.last.readAgain, 0);
}

// A chat that repeats itself word for word.
TEST_F(SessionIdentity, EqualMessagesAreToldApartByTheirPlace) {
    for (int i = 0; i < 30; ++i) {
        chat.nextId = 0;
        const auto result = chat.say("Go on.");
        label([](std::size_t) { return std::int64_t{0}; });
        if (i > 0) {
            EXPECT_EQ(result.promptTokens, ofQuestion("Go on.")) << i;
        }
    }
    EXPECT_GT(chat.last.forgotten, 200);
}

TEST_F(SessionIdentity, OtherIdsAreOtherLabels) {
    for (const int turns : {3, 20}) { // before and after the window rolls
        for (int i = 0; i < turns; ++i)
            chat.say("Question " + std::to_string(i) + " about the harbour.");
        label([](std::size_t index) { return 1000 + static_cast<std::int64_t>(index); });
        const auto before = chat.reader.tokens();
        EXPECT_LE(prepare().promptTokens, 1) << "the answer's last token";
        for (const std::int64_t id : idsInView())
            EXPECT_GE(id, 1000);
        EXPECT_EQ(idsInView().count(1000 + static_cast<std::int64_t>(chat.request.history.size()) - 1), 1u);
        auto after = chat.reader.tokens();
        after.resize(before.size());
        EXPECT_EQ(after, before);
        if (turns > 3) {
            EXPECT_GE(chat.session.status().horizon.messageId, 1000);
        }
        chat.nextId = 5000;
        chat.say("One more.");
        EXPECT_EQ(idsInView().count(5000), 1u);
        EXPECT_EQ(idsInView().count(5001), 1u);
    }
}

TEST_F(SessionIdentity, TheSameIdWithAnotherTextIsAnotherMessage) {
    chat.say("One.");
    chat.say("Two.");
    chat.request.history[2].text = "Two, but other.";
    chat.request.history.resize(3);
    Chat fresh(model);
    fresh.request = chat.request;
    EXPECT_EQ(chat.answerIt().promptTokens, ofQuestion("Two, but other.") - 1);
    fresh.request.answerId = 99;
    fresh.answerIt();
    EXPECT_EQ(chat.answer, fresh.answer);
}

// What begins a chat is not what stands in its middle, though the words are the same.
TEST_F(SessionIdentity, AMessageInAnotherPlaceIsAnotherOne) {
    chat.say("One.");
    const auto history = chat.request.history;
    chat.request.history = {{11, Role::User, "Zero."}, {12, Role::Assistant, "Nothing."}};
    chat.request.history.insert(chat.request.history.end(), history.begin(), history.end());
    chat.nextId = 20;
    Chat fresh(model);
    fresh.request = chat.request;
    fresh.nextId = 20;
    chat.say("And?");
    fresh.say("And?");
    EXPECT_EQ(chat.answer, fresh.answer);
    EXPECT_EQ(chat.last.visible, fresh.last.visible);
    EXPECT_EQ(chat.reader.tokens(), fresh.reader.tokens());
}

// A copy of a chat: another chat, other ids, the same words.
TEST_F(SessionIdentity, ACopyOfAChatGoesOnWithWhatIsThere) {
    for (const int turns : {3, 20}) {
        for (int i = 0; i < turns; ++i)
            chat.say("Question " + std::to_string(i) + " about the harbour.");
        chat.request.chatId += 1;
        label([](std::size_t index) { return 7000 + static_cast<std::int64_t>(index); });
        EXPECT_LE(prepare().promptTokens, 1);
        for (const std::int64_t id : idsInView())
            EXPECT_GE(id, 7000);
        const engine::SinkCache& cache = chat.session.context()->cache();
        int live = 0;
        for (int slot = 0; slot < cache.slots(); ++slot) {
            EXPECT_EQ(chat.reader.slots.at(static_cast<std::size_t>(slot)), cache.positionOf(slot));
            live += cache.positionOf(slot) >= 0;
        }
        EXPECT_EQ(chat.reader.evicted + live, cache.next());
        EXPECT_EQ(chat.session.status().readAgain, 0) << "the numbers are those of the copy";
        // Of it only the beginning is asked for: the rest goes.
        chat.nextId = 9000;
    }
}

TEST_F(SessionIdentity, AChatThatBeginsTheSameWayGoesOnFromThere) {
    chat.say("How deep is the water?");
    auto history = chat.request.history;
    chat.say("And at the east quay?");
    chat.request.chatId = 2;
    chat.request.history = history;
    chat.nextId = 50;
    const auto result = chat.say("And at the west quay?");
    EXPECT_EQ(result.promptTokens, ofQuestion("And at the west quay?") - 1);
    Chat fresh(model);
    fresh.request = chat.request;
    fresh.request.history.pop_back();
    fresh.answerIt();
    EXPECT_EQ(chat.last.visible, fresh.last.visible);
}

TEST_F(SessionIdentity, InstructionsInTheMiddleAreReadOnce) {
    chat.say("How deep is the water?");
    chat.request.history.push_back({chat.nextId++, Role::System, "Answer like a pirate."});
    auto result = chat.say("And at the east quay?");
    const auto expected =
        chat.encode({special("<|im_end|>\n<|im_start|>system\n"), plain("Answer like a pirate."),
                     special("<|im_end|>\n<|im_start|>user\n"), plain("And at the east quay?"),
                     special("<|im_end|>\n<|im_start|>assistant\n")});
    EXPECT_EQ(result.promptTokens, 1 + static_cast<int>(expected.size()));
    auto tokens = chat.reader.tokens();
    EXPECT_NE(std::search(tokens.begin(), tokens.end(), expected.begin(), expected.end()), tokens.end());
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(chat.say("Next.").promptTokens, ofQuestion("Next."));
    EXPECT_EQ(chat.last.readAgain, 0);

    Chat fresh(model); // and after a restart
    fresh.request = chat.request;
    fresh.nextId = chat.nextId;
    fresh.request.history.resize(4);
    fresh.answerIt();
    tokens = fresh.reader.tokens();
    EXPECT_NE(std::search(tokens.begin(), tokens.end(), expected.begin(), expected.end()), tokens.end());
}

TEST_F(SessionIdentity, InstructionsAtTheBeginningAreTheSystemPrompt) {
    chat.request.system.clear();
    chat.request.history = {{1, Role::System, "Be brief."}};
    chat.nextId = 2;
    chat.say("Hello.");
    Chat other(model);
    other.request = chat.request;
    other.request.system = "Be brief.";
    other.request.history.clear();
    other.nextId = 2;
    other.say("Hello.");
    EXPECT_EQ(chat.reader.tokens(), other.reader.tokens());
    EXPECT_EQ(chat.say("Next.").promptTokens, ofQuestion("Next."));
}

TEST_F(SessionIdentity, InstructionsAloneAreRefusedAndNothingIsLost) {
    chat.say("Hello.");
    auto refused = chat.request;
    refused.history.push_back({9, Role::System, "Be a pirate."});
    EXPECT_THROW(chat.session.run(refused, chat.observer, {}), engine::Error);
    EXPECT_EQ(chat.say("Next.").promptTokens, ofQuestion("Next."));
}

} // namespace
