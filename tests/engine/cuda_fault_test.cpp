#include "engine/session.h"
#include "kernels/cuda/probe.h"
#include "kernels/cuda/shim/fibers.h"
#include "kernels/cuda/shim/shim_device.h"
#include "tests/engine/toy_context.h"

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
    void SetUp() override {
#ifdef __SANITIZE_THREAD__
        GTEST_SKIP() << "ThreadSanitizer knows nothing of fibers";
#endif
        shim::setOrder(shim::Order::Forward);
        kernels::cuda::replaceInstalledApi(&shim::deviceApi());
    }
    void TearDown() override {
        shim::fail(0);
        kernels::cuda::replaceInstalledApi(nullptr);
    }

    static std::shared_ptr<const Model> load(const std::string& device) {
        static const auto path = test::writeToyModel({.seed = 51});
        return test::loadToy(path, 1, device);
    }
    /// With a beginning that was said already, the rest of it.
    static ChatRequest question(int maxTokens, const std::string& beginning = {}) {
        ChatRequest request;
        request.chatId = 1;
        request.history = {{1, Role::User, "What is in the harbour?"}};
        request.answerId = 2;
        request.maxTokens = maxTokens;
        request.cache.window = 100;
        request.sampling = {.temperature = 0, .repetitionPenalty = 1};
        if (!beginning.empty()) {
            request.history.push_back({2, Role::Assistant, beginning});
            request.purpose = Purpose::Continue;
        }
        return request;
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
        const auto result = session.run(question(wanted), observer, {});
        EXPECT_EQ(result.reason, StopReason::Length);
        EXPECT_EQ(result.generatedTokens, wanted);
        EXPECT_EQ(tokens, wanted);
        ASSERT_EQ(sentences.size(), 1u);
        EXPECT_NE(sentences[0].find(fault.sentence), std::string::npos) << sentences[0];
        EXPECT_EQ(moves, 1);
        EXPECT_TRUE(session.model()->runsOnCpu());
        EXPECT_EQ(text, beginning + answerOfTheCpu(question(wanted - tokensBefore, beginning)));
        EXPECT_TRUE(answerOfTheCpu(question(wanted)).starts_with(beginning));
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
