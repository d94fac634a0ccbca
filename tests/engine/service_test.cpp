#include "engine/service.h"
#include "engine/thread/thread_border.h"
#include "tests/engine/toy_context.h"
#include "tests/support/gguf_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

// The thread border with a toy model: order, stops, errors, models that fail, comparisons beside a chat. Runs
// under ThreadSanitizer.
namespace {

using namespace std::chrono_literals;
using namespace engine;

/// The main thread's side: collects events until one of a kind has come.
class Desk {
public:
    Desk() : service([this] { wake(); }) {}

    template <class Event>
    Event waitFor(RequestId id) {
        for (;;) {
            for (; next < events.size(); ++next)
                if (const auto* event = std::get_if<Event>(&events[next]); event && event->id == id)
                    return std::get<Event>(events[next++]);
            std::unique_lock lock(mutex);
            if (!changed.wait_for(lock, 60s, [this] { return woken; })) {
                ADD_FAILURE() << "nothing came for a minute";
                return Event{};
            }
            woken = false;
            lock.unlock();
            for (EngineEvent& event : service.takeEvents())
                events.push_back(std::move(event));
        }
    }

    template <class Event>
    int count(RequestId id) const {
        int result = 0;
        for (const EngineEvent& one : events)
            if (const auto* event = std::get_if<Event>(&one))
                result += event->id == id;
        return result;
    }

    void load(const std::filesystem::path& path, RequestId id = 1) {
        LoadOptions options;
        options.device.cpu.threads = 2;
        EXPECT_EQ(service.load(path, options).id(), id);
        waitFor<ModelLoaded>(id);
    }

    std::vector<EngineEvent> events;
    std::size_t next = 0;

private:
    void wake() {
        {
            const std::lock_guard lock(mutex);
            woken = true;
        }
        changed.notify_one();
    }
    std::mutex mutex;
    std::condition_variable changed;
    bool woken = false;

public:
    Service service; // last: goes first
};

ChatRequest question(const std::string& text, int maxTokens = 6) {
    ChatRequest request;
    request.chatId = 1;
    request.history = {{1, Role::User, text}};
    request.answerId = 2;
    request.maxTokens = maxTokens;
    request.cache.window = 100;
    request.sampling.seed = 5;
    return request;
}

std::filesystem::path toy() {
    static const std::filesystem::path path = test::writeToyModel({.seed = 51});
    return path;
}

TEST(Service, LoadsAndAnswers) {
    Desk desk;
    desk.load(toy());
    EXPECT_GE(desk.count<LoadProgress>(1), 1);
    desk.service.chat(question("Hello"));
    const auto finished = desk.waitFor<Finished>(2);
    int tokens = 0;
    std::string text;
    for (const EngineEvent& one : desk.events)
        if (const auto* event = std::get_if<TextGenerated>(&one)) {
            tokens += event->tokens;
            text += event->text;
        }
    EXPECT_EQ(tokens, finished.result.generatedTokens);
    EXPECT_GT(finished.status.position, 0);
    EXPECT_GE(desk.count<ReadProgress>(2), 1);
}

// A stop before the engine has even seen the request counts.
TEST(Service, AnEarlyStopIsNotLost) {
    Desk desk;
    desk.load(toy());
    std::stop_source stop;
    stop.request_stop();
    desk.service.chat(question("Hello", 0), stop);
    const auto finished = desk.waitFor<Finished>(2);
    EXPECT_EQ(finished.result.reason, StopReason::Cancelled);
    EXPECT_EQ(finished.result.generatedTokens, 0);
    desk.service.chat(question("Hello"));
    EXPECT_NE(desk.waitFor<Finished>(3).result.reason, StopReason::Cancelled);
}

ChatRequest endless() {
    ChatRequest request = question("Go on", 0);
    request.sampling.temperature = 0;
    request.sampling.repetitionPenalty = 1;
    return request;
}

TEST(Service, StopsAnEndlessAnswer) {
    Desk desk;
    desk.load(toy());
    std::stop_source stop;
    desk.service.chat(endless(), stop);
    desk.waitFor<TextGenerated>(2);
    stop.request_stop();
    EXPECT_EQ(desk.waitFor<Finished>(2).result.reason, StopReason::Cancelled);
}

// A program without an event loop: it asks, waits, and needs nothing else.
TEST(Service, ACallerMaySleepUntilSomethingComes) {
    Service service;
    service.load(toy(), {});
    const Reply reply = service.chat(question("Hello", 20));
    std::string text;
    int tokens = 0;
    for (bool over = false; !over;)
        for (const EngineEvent& one : service.waitForEvents()) {
            if (const auto* event = std::get_if<TextGenerated>(&one)) {
                text += event->text;
                tokens += event->tokens;
            } else if (const auto* finished = std::get_if<Finished>(&one)) {
                EXPECT_EQ(finished->id, reply.id());
                EXPECT_EQ(finished->result.generatedTokens, tokens);
                over = true;
            } else {
                EXPECT_FALSE(std::holds_alternative<Failed>(one));
            }
        }
    EXPECT_FALSE(text.empty());
    reply.stop(); // too late is harmless
}

TEST(Service, AReplyStopsWhatItStandsFor) {
    Desk desk;
    desk.load(toy());
    const Reply first = desk.service.chat(endless());
    const Reply second = desk.service.chat(endless()), third = desk.service.chat(question("Hello"));
    second.stop(); // waits still
    desk.waitFor<TextGenerated>(first.id());
    first.stop();
    EXPECT_EQ(desk.waitFor<Finished>(first.id()).result.reason, StopReason::Cancelled);
    const auto refused = desk.waitFor<Finished>(second.id());
    EXPECT_EQ(refused.result.reason, StopReason::Cancelled);
    EXPECT_EQ(refused.result.promptTokens, 0);
    EXPECT_NE(desk.waitFor<Finished>(third.id()).result.reason, StopReason::Cancelled);
    EXPECT_FALSE(Reply());
    Reply().stop();
}

TEST(Service, GoingAwayStopsWhatRuns) {
    Desk desk;
    desk.load(toy());
    desk.service.chat(endless());
    desk.waitFor<TextGenerated>(2);
} // the destructor must come back

TEST(Service, ErrorsAreSentencesAndItLivesOn) {
    Desk desk;
    desk.service.chat(question("Hello"));
    EXPECT_FALSE(desk.waitFor<Failed>(1).sentence.empty()) << "no model yet";
    desk.service.load("/does/not/exist.gguf", {});
    EXPECT_FALSE(desk.waitFor<Failed>(2).sentence.empty());
    desk.load(toy(), 3);
    ChatRequest wrong = question("Hello");
    wrong.cache.mode = CacheMode::Recompute;
    desk.service.chat(wrong);
    EXPECT_FALSE(desk.waitFor<Failed>(4).sentence.empty());
    desk.service.chat(question("Hello"));
    desk.waitFor<Finished>(5);
}

TEST(Service, AFailingOrCancelledLoadKeepsTheOldModel) {
    Desk desk;
    desk.load(toy());
    desk.service.chat(question("Hello"));
    desk.waitFor<Finished>(2);
    desk.service.load(test::writeBytes("broken.gguf", {std::byte{'G'}, std::byte{'G'}}), {});
    desk.waitFor<Failed>(3);
    std::stop_source stop;
    stop.request_stop();
    desk.service.load(toy(), {}, stop);
    desk.waitFor<LoadCancelled>(4);
    ChatRequest again = question("Hello");
    again.purpose = Purpose::Prepare;
    desk.service.chat(again);
    const auto finished = desk.waitFor<Finished>(5);
    EXPECT_EQ(finished.result.promptTokens, 0) << "the cache of the old model is still there";
    desk.load(toy(), 6);
    desk.service.chat(again);
    EXPECT_GT(desk.waitFor<Finished>(7).result.promptTokens, 0);
    EXPECT_EQ(desk.count<ModelLoaded>(3) + desk.count<ModelLoaded>(4), 0);
}

CompareRequest comparison(const std::string& text) {
    CompareRequest request;
    request.text = text;
    for (const CacheMode mode :
         {CacheMode::Streaming, CacheMode::Window, CacheMode::Dense, CacheMode::Recompute}) {
        EvaluationOptions options;
        options.mode = mode;
        options.sinks = mode == CacheMode::Streaming ? 4 : 0;
        options.window = mode == CacheMode::Dense ? 2000 : 30;
        options.chunk = 16;
        request.runs.push_back(options);
    }
    return request;
}

std::string prose(int words) {
    std::string text;
    for (int i = 0; i < words; ++i)
        text += "the boat " + std::to_string(i) + " and the quay ";
    return text;
}

std::map<CacheMode, std::vector<float>> losses(const std::vector<EngineEvent>& events, RequestId id) {
    std::map<CacheMode, std::vector<float>> result;
    for (const EngineEvent& one : events)
        if (const auto* event = std::get_if<CompareProgress>(&one); event && event->id == id)
            result[event->mode].insert(result[event->mode].end(), event->newLosses.begin(),
                                       event->newLosses.end());
    return result;
}

TEST(Service, ComparesBesideAChat) {
    Desk desk;
    desk.load(toy());
    desk.service.compare(comparison(prose(12)));
    EXPECT_FALSE(desk.waitFor<CompareFinished>(2).cancelled);
    const auto alone = losses(desk.events, 2);
    ASSERT_EQ(alone.size(), 4u);
    for (const auto& [mode, values] : alone)
        EXPECT_EQ(values.size(), alone.at(CacheMode::Dense).size());

    desk.service.chat(question("Hello", 60));
    const std::string quiet = [&] {
        desk.waitFor<Finished>(3);
        std::string text;
        for (const EngineEvent& one : desk.events)
            if (const auto* event = std::get_if<TextGenerated>(&one); event && event->id == 3)
                text += event->text;
        return text;
    }();
    ChatRequest other = question("Hello", 60); // the same question in another chat while a comparison runs
    other.chatId = 9;
    desk.service.compare(comparison(prose(12)));
    desk.service.chat(other);
    desk.waitFor<Finished>(5);
    EXPECT_EQ(desk.count<CompareFinished>(4), 0) << "the chat goes first";
    desk.waitFor<CompareFinished>(4);
    std::string busy;
    for (const EngineEvent& one : desk.events)
        if (const auto* event = std::get_if<TextGenerated>(&one); event && event->id == 5)
            busy += event->text;
    EXPECT_EQ(busy, quiet);
    EXPECT_EQ(losses(desk.events, 4), alone);
}

TEST(Service, AComparisonCanBeCancelled) {
    Desk desk;
    desk.load(toy());
    std::stop_source stop;
    CompareRequest request = comparison(prose(300));
    request.runs.resize(1);
    desk.service.compare(request, stop);
    desk.waitFor<CompareProgress>(2);
    stop.request_stop();
    EXPECT_TRUE(desk.waitFor<CompareFinished>(2).cancelled);
}

TEST(Service, AnotherModelEndsAComparison) {
    Desk desk;
    desk.load(toy());
    CompareRequest request = comparison(prose(300));
    request.runs.resize(1);
    desk.service.compare(request);
    desk.waitFor<CompareProgress>(2);
    desk.load(toy(), 3);
    EXPECT_EQ(desk.count<CompareFinished>(2), 1) << "before the new model is told of";
    EXPECT_FALSE(std::any_of(desk.events.begin(), desk.events.end(), [](const EngineEvent& one) {
        const auto* event = std::get_if<CompareFinished>(&one);
        return event && !event->cancelled;
    }));
}

TEST(Service, PausesBeforeTheNextToken) {
    Desk desk;
    desk.load(toy());
    desk.service.setPaused(true);
    desk.service.chat(question("Hello", 20));
    desk.waitFor<TextGenerated>(2);
    std::this_thread::sleep_for(50ms);
    int tokens = 1;
    for (const EngineEvent& one : desk.service.takeEvents())
        if (const auto* event = std::get_if<TextGenerated>(&one))
            tokens += event->tokens;
    EXPECT_EQ(tokens, 1);
    desk.service.setPaused(false);
    desk.waitFor<Finished>(2);
    // A stop ends a paused answer, too.
    desk.service.setPaused(true);
    std::stop_source stop;
    desk.service.chat(endless(), stop);
    desk.waitFor<TextGenerated>(3);
    stop.request_stop();
    EXPECT_EQ(desk.waitFor<Finished>(3).result.reason, StopReason::Cancelled);
}

TEST(Service, FramesAndJournalCross) {
    Desk desk;
    desk.load(toy());
    desk.service.setCapture({.level = CaptureLevel::Rows, .rowLayer = 1});
    desk.service.chat(question("Hello there", 40));
    const auto finished = desk.waitFor<Finished>(2);
    ASSERT_TRUE(desk.service.frames().fetch());
    const AttentionFrame& frame = desk.service.frames().front();
    EXPECT_EQ(frame.rowLayer, 1);
    EXPECT_GT(frame.headStats.size(), 0u);
    std::vector<JournalEvent> events;
    std::uint64_t lost = 0;
    desk.service.journal().take(events, lost);
    EXPECT_EQ(lost, 0u);
    const auto appended = std::count_if(events.begin(), events.end(), [](const JournalEvent& event) {
        return event.type == JournalEvent::Type::Append;
    });
    EXPECT_EQ(appended, finished.status.position);
}

// What runs in the background is left as soon as a command comes, and not left again for that command.
TEST(CommandQueue, AnArrivalIsSaidOnce) {
    CommandQueue queue;
    const std::stop_token before = queue.arrival();
    EXPECT_FALSE(before.stop_requested());
    queue.push({});
    EXPECT_TRUE(before.stop_requested());
    EXPECT_TRUE(queue.arrival().stop_requested()); // it still waits
    ASSERT_TRUE(queue.poll());
    EXPECT_FALSE(queue.arrival().stop_requested());
}

} // namespace
