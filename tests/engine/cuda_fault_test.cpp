#include "engine/session.h"
#include "tests/engine/harbour_question.h"
#include "tests/engine/toy_context.h"
#include "tests/support/shim_card.h"

#include <gtest/gtest.h>

// An NVIDIA card (the shim) that is lost, or whose memory is full, in the middle of an answer: one sentence, nothing that was said is lost,
// and the answer goes on on the CPU.
namespace {

using namespace engine;
namespace shim = kernels::cuda::shim;

struct Fault {
    int error; // as CUDA numbers them
    const char* sentence;
};
constexpr Fault illegalAddress{700, "stopped working"}, outOfMemory{2, "no memory left"};

class CudaFault : public testing::Test {
protected:
    void SetUp() override { test::insertShimCard(); }
    void TearDown() override { test::removeShimCard(); }

    static std::shared_ptr<const Model> load(const std::string& device) {
        static const auto path = test::writeToyModel({.seed = 51});
        return test::loadToy(path, 1, device);
    }
    static std::string answerOfTheCpu(const ChatRequest& request) {
        Session session(load("cpu"));
        std::string answer;
        Session::Observer observer;
        observer.token = [&](TokenId, const std::string& more, const CacheStatus&) { answer += more; };
        session.run(request, observer, {});
        return answer;
    }

    /// The card fails behind so many tokens of the answer.
    void expectTheAnswerToGoOn(const Fault& fault, int tokensBefore) {
        constexpr int wanted = 30;
        shim::fail(0);
        Session session(load("cuda"));
        ASSERT_EQ(session.model()->info.device, "Shim");
        std::string text, beginning;
        std::vector<std::string> sentences;
        int tokens = 0, moves = 0;
        Session::Observer observer;
        observer.token = [&](TokenId token, const std::string& more, const CacheStatus&) {
            text += more;
            tokens += token == NoToken ? 0 : 1;
            if (tokens == tokensBefore && sentences.empty())
                shim::fail(fault.error);
        };
        observer.deviceFailed = [&](const std::string& sentence) {
            sentences.push_back(sentence);
            beginning = text;
        };
        observer.moved = [&](const ModelInfo&) { ++moves; };
        if (tokensBefore == 0)
            shim::fail(fault.error);
        const auto result = session.run(test::harbourQuestion(wanted), observer, {});
        EXPECT_EQ(result.reason, StopReason::Length);
        EXPECT_EQ(result.generatedTokens, wanted);
        EXPECT_EQ(tokens, wanted);
        ASSERT_EQ(sentences.size(), 1u);
        EXPECT_NE(sentences[0].find(fault.sentence), std::string::npos) << sentences[0];
        EXPECT_EQ(moves, 1);
        EXPECT_TRUE(session.model()->runsOnCpu());
        EXPECT_EQ(text, beginning + answerOfTheCpu(test::harbourContinued(beginning, wanted - tokensBefore)));
        EXPECT_TRUE(answerOfTheCpu(test::harbourQuestion(wanted)).starts_with(beginning));
    }
};

TEST_F(CudaFault, ALostCardInTheMiddleOfAnAnswer) {
    for (const int tokens : {0, 1, 15, 29})
        expectTheAnswerToGoOn(illegalAddress, tokens);
}

TEST_F(CudaFault, FullMemoryInTheMiddleOfAnAnswer) {
    for (const int tokens : {0, 15})
        expectTheAnswerToGoOn(outOfMemory, tokens);
}

} // namespace
