#include "engine/service.h"
#include "engine/session.h"
#include "tests/engine/harbour_question.h"
#include "tests/engine/toy_context.h"
#include "tests/support/failing_backend.h"

#include <gtest/gtest.h>

// A device that fails in every way there is: one sentence, nothing that was said is lost, and the chat goes on on the CPU by itself.
namespace {

using namespace engine;
using test::DeviceFaults;
using test::harbourContinued;
using test::harbourQuestion;

LoadOptions onDevice(const std::string& device) {
    LoadOptions options;
    options.device.device = device;
    options.device.cpu.threads = 1;
    return options;
}

class DeviceFault : public testing::Test {
protected:
    static std::filesystem::path toy() {
        static const auto path = test::writeToyModel({.seed = 51});
        return path;
    }
    /// What the session says, and what of its device it tells.
    GenerationResult run(Session& session, const ChatRequest& request, std::stop_token stop = {}) {
        Session::Observer observer;
        observer.token = [this](TokenId token, const std::string& more, const CacheStatus&) {
            text += more;
            tokens += token == NoToken ? 0 : 1;
        };
        observer.deviceFailed = [this](const std::string& sentence) {
            sentences.push_back(sentence);
            if (onFailure)
                onFailure();
        };
        observer.moved = [this](const ModelInfo& info) { moved.push_back(info); };
        return session.run(request, observer, stop);
    }
    std::string onTheCpu(const ChatRequest& request) {
        Session session(Model::load(toy(), onDevice("cpu")));
        std::string answer;
        Session::Observer observer;
        observer.token = [&](TokenId, const std::string& more, const CacheStatus&) { answer += more; };
        session.run(request, observer, {});
        return answer;
    }

    test::FailingDevice device;
    std::string text;
    int tokens = 0;
    std::vector<std::string> sentences;
    std::vector<ModelInfo> moved;
    std::function<void()> onFailure;
};

TEST_F(DeviceFault, TooSmallForTheModel) {
    device.faults->weights = 3;
    const auto model = Model::load(toy(), onDevice("test"));
    EXPECT_EQ(model->info.deviceProblem, DeviceFaults::NoRoomForWeights);
    EXPECT_EQ(model->info.device, "CPU, 1 thread");
    EXPECT_TRUE(model->runsOnCpu());
}

TEST_F(DeviceFault, NoSuchDevice) {
    const auto model = Model::load(toy(), onDevice("toaster:0"));
    EXPECT_NE(model->info.deviceProblem.find("toaster:0"), std::string::npos) << model->info.deviceProblem;
    EXPECT_TRUE(model->runsOnCpu());
}

TEST_F(DeviceFault, WithoutFaultsNothingIsSaid) {
    Session session(Model::load(toy(), onDevice("test")));
    EXPECT_EQ(session.model()->info.device, "Test device");
    EXPECT_EQ(session.model()->info.deviceProblem, "");
    const auto result = run(session, harbourQuestion(30));
    EXPECT_EQ(result.generatedTokens, tokens);
    EXPECT_TRUE(sentences.empty() && moved.empty());
    EXPECT_EQ(text, onTheCpu(harbourQuestion(30)));
}

TEST_F(DeviceFault, NoRoomForTheCache) {
    Session session(Model::load(toy(), onDevice("test")));
    device.faults->caches = 0;
    const auto result = run(session, harbourQuestion(30));
    EXPECT_EQ(result.reason, StopReason::Length);
    EXPECT_EQ(text, onTheCpu(harbourQuestion(30)));
    EXPECT_EQ(sentences, std::vector<std::string>{DeviceFaults::NoRoomForCache});
    ASSERT_EQ(moved.size(), 1u);
    EXPECT_EQ(moved[0].deviceProblem, DeviceFaults::NoRoomForCache);
    EXPECT_TRUE(session.model()->runsOnCpu());
}

// While the prompt is read, at the first token, in the middle and at the end: nothing is lost or told twice, and the rest is what the CPU
// makes of the beginning.
TEST_F(DeviceFault, LostDuringAnAnswer) {
    const std::string whole = onTheCpu(harbourQuestion(30));
    for (const int steps : {0, 1, 2, 15, 29}) {
        *device.faults = {};
        device.faults->steps = steps;
        text.clear();
        tokens = 0;
        sentences.clear();
        Session session(Model::load(toy(), onDevice("test")));
        std::string beginning;
        int tokensBefore = 0;
        onFailure = [&] {
            beginning = text;
            tokensBefore = tokens;
        };
        const auto result = run(session, harbourQuestion(30));
        EXPECT_EQ(tokensBefore, steps); // the first step reads the question, the next ones a token each
        EXPECT_TRUE(whole.starts_with(beginning)) << steps;
        EXPECT_EQ(text, beginning + onTheCpu(harbourContinued(beginning, 30 - tokensBefore))) << steps;
        EXPECT_EQ(result.reason, StopReason::Length);
        EXPECT_EQ(result.generatedTokens, 30) << steps;
        EXPECT_EQ(tokens, 30) << steps;
        EXPECT_EQ(sentences, std::vector<std::string>{DeviceFaults::Lost}) << steps;
        // The next question goes on where this one ended.
        ChatRequest next = harbourQuestion(5);
        next.history.push_back({2, Role::Assistant, text});
        next.history.push_back({3, Role::User, "And then?"});
        next.answerId = 4;
        EXPECT_EQ(run(session, next).generatedTokens, 5);
        EXPECT_EQ(sentences.size(), 1u);
    }
}

TEST_F(DeviceFault, LostWhileAnAnswerIsContinued) {
    Session session(Model::load(toy(), onDevice("test")));
    run(session, harbourQuestion(10));
    std::string beginning;
    int tokensBefore = 0;
    onFailure = [&] {
        beginning = text;
        tokensBefore = tokens;
    };
    device.faults->steps = 7;
    EXPECT_EQ(run(session, harbourContinued(text, 20)).generatedTokens, 20);
    EXPECT_GT(tokensBefore, 10);
    EXPECT_EQ(text, beginning + onTheCpu(harbourContinued(beginning, 30 - tokensBefore)));
}

TEST_F(DeviceFault, AStopWhileTheModelMovesEndsTheAnswerAndTheNextOneMoves) {
    Session session(Model::load(toy(), onDevice("test")));
    device.faults->steps = 10;
    std::stop_source stop;
    onFailure = [&stop] { stop.request_stop(); };
    const auto result = run(session, harbourQuestion(30), stop.get_token());
    EXPECT_EQ(result.reason, StopReason::Cancelled);
    EXPECT_EQ(result.generatedTokens, tokens);
    EXPECT_GT(tokens, 0);
    EXPECT_TRUE(moved.empty());
    onFailure = {};
    const std::string beginning = text;
    const int tokensBefore = tokens;
    run(session, harbourContinued(beginning, 30 - tokensBefore));
    EXPECT_EQ(text, beginning + onTheCpu(harbourContinued(beginning, 30 - tokensBefore)));
    EXPECT_EQ(moved.size(), 1u);
}

// The weights of the old model are in the way of the new one until it is gone.
TEST_F(DeviceFault, AnotherModelTakesTheOldOnesPlace) {
    device.faults->models = 1;
    Service service;
    for (const auto& path : {toy(), test::writeToyModel({.seed = 52})})
        service.load(path, onDevice("test"));
    std::vector<ModelInfo> loaded;
    while (loaded.size() < 2)
        for (const EngineEvent& one : service.waitForEvents())
            if (const auto* event = std::get_if<ModelLoaded>(&one))
                loaded.push_back(event->info);
    for (const ModelInfo& info : loaded) {
        EXPECT_EQ(info.device, "Test device");
        EXPECT_EQ(info.deviceProblem, "");
    }
}

TEST_F(DeviceFault, LoadingOnADeviceTellsItsProgressAndCanBeStopped) {
    std::vector<float> told;
    std::stop_source stop;
    const auto model = Model::load(
        toy(), onDevice("test"),
        [&](float fraction) {
            told.push_back(fraction);
            if (told.size() == 5)
                stop.request_stop();
        },
        stop.get_token());
    EXPECT_EQ(model, nullptr);
    EXPECT_EQ(told.size(), 5u);
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end()) && told.front() > 0 && told.back() < 1);
    EXPECT_EQ(device.faults->backends, 0);
}

// The thread border: in order, and the request ends as if nothing had happened.
TEST_F(DeviceFault, TheServiceTellsOfTheMove) {
    Service service;
    device.faults->steps = 12;
    service.load(toy(), onDevice("test"));
    const Reply comparison = service.compare({.text = "The harbour is closed.", .runs = {{}}});
    const Reply reply = service.chat(harbourQuestion(30));
    std::string told, order, beginning;
    int tokensTold = 0, tokensBefore = 0;
    for (bool over = false; !over;)
        for (const EngineEvent& one : service.waitForEvents()) {
            if (const auto* event = std::get_if<TextGenerated>(&one)) {
                told += event->text;
                tokensTold += event->tokens;
            } else if (const auto* failed = std::get_if<DeviceFailed>(&one)) {
                EXPECT_EQ(failed->sentence, DeviceFaults::Lost);
                EXPECT_EQ(failed->id, reply.id());
                order += 'f';
                beginning = told;
                tokensBefore = tokensTold;
            } else if (const auto* there = std::get_if<ModelMoved>(&one)) {
                EXPECT_EQ(there->info.deviceName, "cpu");
                EXPECT_EQ(there->info.deviceProblem, DeviceFaults::Lost);
                order += 'm';
            } else if (const auto* finished = std::get_if<Finished>(&one)) {
                EXPECT_EQ(finished->result.generatedTokens, 30);
                over = true;
            } else if (const auto* end = std::get_if<Failed>(&one); end && end->id == reply.id()) {
                ADD_FAILURE() << end->sentence;
                over = true;
            }
        }
    EXPECT_EQ(told, beginning + onTheCpu(harbourContinued(beginning, 30 - tokensBefore)));
    EXPECT_EQ(order, "fm");
}

} // namespace
