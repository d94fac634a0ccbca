#include "engine/chat_template.h"
#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/model.h"
#include "engine/reading_forecast.h"
#include "tests/support/toy_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

// Loading can be stopped at any moment: while a file is parsed, its vocabulary is sorted and a large matrix is read and packed.
namespace {

using namespace engine;

/// Of all threads: what a busy machine does beside them does not count.
double processorSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Half of the time goes into its vocabulary, the other half into one matrix.
const std::filesystem::path& largeToy() {
    static const std::filesystem::path path =
        test::writeToyModel({.layers = 1, .dim = 128, .vocabulary = 200'000});
    return path;
}

double secondsOfLoading() {
    double least = 1e9;
    for (int i = 0; i < 3; ++i) {
        const double begin = processorSeconds();
        EXPECT_NE(Model::load(largeToy(), {}), nullptr);
        least = std::min(least, processorSeconds() - begin);
    }
    return least;
}

/// What was still done after a stop that came when so much had been done.
double secondsAfterStop(double before) {
    std::stop_source stop;
    std::shared_ptr<const Model> model;
    const double begin = processorSeconds();
    std::jthread loading([&] { model = Model::load(largeToy(), {}, {}, stop.get_token()); });
    while (processorSeconds() - begin < before)
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    const double asked = processorSeconds();
    stop.request_stop();
    loading.join();
    return processorSeconds() - asked;
}

TEST(LoadStop, EndsLoadingSoonAtAnyMoment) {
    constexpr int moments = 6, tries = 10;
    const double whole = secondsOfLoading();
    for (int moment = 0; moment < moments; ++moment) {
        double least = 1e9; // what matters is what it has to wait for: a loaded machine may be late to ask
        for (int i = 0; i < tries && least >= whole / 10; ++i)
            least = std::min(least, secondsAfterStop(whole * moment / moments));
        EXPECT_LT(least, whole / 10) << "asked at " << moment << "/" << moments << " of " << whole << " s";
    }
}

TEST(LoadStop, ReachesWhateverTheFileIsUsedFor) {
    std::stop_source stop;
    const auto file = GgufFile::open(test::writeToyModel({}), stop.get_token());
    std::vector<std::byte> bytes;
    file->read(file->tensors()[0], bytes);
    EXPECT_NE(Tokenizer::fromGguf(*file), nullptr);
    stop.request_stop();
    EXPECT_THROW(file->read(file->tensors()[0], bytes), Stopped);
    EXPECT_THROW(Tokenizer::fromGguf(*file), Stopped);
    EXPECT_THROW(ChatFormat::detect(*file), Stopped);
    EXPECT_THROW(file->checkStop(), Stopped);
    EXPECT_THROW(GgufFile::open(file->path(), stop.get_token()), Stopped);
    EXPECT_EQ(Model::load(file->path(), {}, {}, stop.get_token()), nullptr);
    EXPECT_EQ(ReadingForecast::fromFile(file->path(), "", stop.get_token()), nullptr);
    EXPECT_NE(ReadingForecast::fromFile(file->path(), ""), nullptr);
}

TEST(LoadStop, ReachesModelsInSeveralFiles) {
    std::stop_source stop;
    const auto path = test::writeToyModel({.parts = 3});
    int told = 0;
    const auto progress = [&](float) {
        ++told;
        stop.request_stop();
    };
    EXPECT_EQ(Model::load(path, {}, progress, stop.get_token()), nullptr);
    EXPECT_EQ(told, 1);
}

TEST(LoadStop, TooLateChangesNothing) {
    std::stop_source stop;
    const auto path =
        test::writeToyModel({.chatTemplate = "{% for m in messages %}{{ m.content }}\n{% endfor %}"});
    const auto model = Model::load(path, {}, {}, stop.get_token());
    stop.request_stop();
    ASSERT_NE(model, nullptr);
    ASSERT_TRUE(model->chatFormat.source) << model->chatFormat.trouble;
    const std::vector<ChatMessage> messages = {{0, Role::User, "Hello"}};
    EXPECT_FALSE(model->chatFormat.source->render(messages, ChatTemplate::Ending::GenerationPrompt).empty());
    EXPECT_FALSE(model->tokenizer->encodePlain("Hello").empty());
}

} // namespace
