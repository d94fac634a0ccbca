#include "tests/engine/session_fixture.h"

#include <gtest/gtest.h>

// Words that end an answer: neither handed out nor left in view.
namespace {

using engine::StopReason;
using test::Chat;

void prepare(Chat& chat, std::vector<std::string> words, std::uint64_t seed = 1) {
    chat.request.system = "Be the harbour master.";
    chat.request.maxTokens = 5;
    chat.request.sampling = {
        .temperature = 1, .topK = 0, .topP = 1, .minP = 0, .repetitionPenalty = 1, .seed = seed};
    chat.request.stopWords = std::move(words);
}

/// The text of a message as it stands in the cache.
std::string inView(const Chat& chat, std::int64_t id) {
    std::string text;
    for (const auto& [position, event] : chat.reader.stream)
        if (event.source.messageId == id)
            text += chat.model->tokenizer->bytes(event.token);
    return text;
}

} // namespace

// Whatever word of whatever answer: it ends in front of it, and when the next turn has been read the model has
// seen exactly what was handed out. Only where a token had to be cut, or bytes were no text, the answer is read
// again for that.
TEST(SessionStopWords, TheModelSeesWhatWasHandedOut) {
    const auto model = test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 31}));
    int kept = 0, readAgain = 0;
    for (std::uint64_t seed = 1; seed < 400 && kept < 40; ++seed) {
        Chat free(model);
        prepare(free, {}, seed);
        free.say("How deep is the water?");
        const std::string& whole = free.answer;
        const bool plain = std::all_of(whole.begin(), whole.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 128; });
        if (!plain && readAgain >= 10)
            continue;
        for (std::size_t begin = 0; begin + 2 <= whole.size(); ++begin) {
            const std::string word = whole.substr(begin, plain ? 2 : 3);
            if ((word.front() & 0xc0) == 0x80 || whole.find(word) != begin)
                continue; // inside a character
            Chat chat(model);
            prepare(chat, {"never written", word}, seed);
            EXPECT_EQ(chat.say("How deep is the water?").reason, StopReason::EndOfTurn);
            ASSERT_EQ(chat.answer, whole.substr(0, begin));
            const std::int64_t answer = chat.request.answerId;
            chat.request.stopWords.clear();
            chat.say("And at the east quay?");
            EXPECT_EQ(inView(chat, answer), whole.substr(0, begin)) << seed;
            ++(chat.last.readAgain == 0 ? kept : readAgain);
        }
    }
    EXPECT_GT(kept, 20);
    EXPECT_GT(readAgain, 0);
}

TEST(SessionStopWords, WhatWasHeldBackComesWhenTheAnswerEnds) {
    const auto model = test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 31}));
    Chat free(model);
    prepare(free, {});
    free.say("How deep is the water?");
    ASSERT_GT(free.answer.size(), 4u);
    const std::string end = free.answer.substr(free.answer.size() - 3);
    Chat chat(model);
    prepare(chat, {end + "and more"});
    const auto result = chat.say("How deep is the water?");
    EXPECT_EQ(result.reason, StopReason::Length);
    EXPECT_EQ(result.generatedTokens, free.request.maxTokens);
    EXPECT_EQ(chat.answer, free.answer);
}
