#pragma once
#include "engine/session.h"
#include "tests/engine/harbour_question.h"
#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace test {

/// A toy answers on `device`, which fails behind so many tokens of the answer: one sentence, nothing that was said is lost, and the answer goes
/// on on the CPU. `fail` makes the device's next step fail, `sentence` is a part of what is said of it.
inline void expectTheAnswerToGoOn(const std::string& device, const std::function<void()>& fail,
                                  const std::string& sentence, int tokensBefore) {
    constexpr int wanted = 30;
    static const auto path = writeToyModel({.seed = 51});
    const auto answerOfTheCpu = [&](const engine::ChatRequest& request) {
        engine::Session session(loadToy(path, 1, "cpu"));
        std::string answer;
        engine::Session::Observer observer;
        observer.token = [&](engine::TokenId, const std::string& more, const engine::CacheStatus&) {
            answer += more;
        };
        session.run(request, observer, {});
        return answer;
    };
    engine::Session session(loadToy(path, 1, device));
    ASSERT_EQ(session.model()->info.deviceName, device) << session.model()->info.deviceProblem;
    std::string text, beginning;
    std::vector<std::string> sentences;
    int tokens = 0, moves = 0;
    engine::Session::Observer observer;
    observer.token = [&](engine::TokenId token, const std::string& more, const engine::CacheStatus&) {
        text += more;
        tokens += token == engine::NoToken ? 0 : 1;
        if (tokens == tokensBefore && sentences.empty())
            fail();
    };
    observer.deviceFailed = [&](const std::string& told) {
        sentences.push_back(told);
        beginning = text;
    };
    observer.moved = [&](const engine::ModelInfo&) { ++moves; };
    if (tokensBefore == 0)
        fail();
    const auto result = session.run(harbourQuestion(wanted), observer, {});
    EXPECT_EQ(result.reason, engine::StopReason::Length);
    EXPECT_EQ(result.generatedTokens, wanted);
    EXPECT_EQ(tokens, wanted);
    ASSERT_EQ(sentences.size(), 1u);
    EXPECT_NE(sentences[0].find(sentence), std::string::npos) << sentences[0];
    EXPECT_EQ(moves, 1);
    EXPECT_TRUE(session.model()->runsOnCpu());
    EXPECT_EQ(text, beginning + answerOfTheCpu(harbourContinued(beginning, wanted - tokensBefore)));
    EXPECT_TRUE(answerOfTheCpu(harbourQuestion(wanted)).starts_with(beginning));
}

} // namespace test
