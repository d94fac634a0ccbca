#include "engine/service.h"
#include "tests/engine/session_fixture.h"
#include "tests/support/failing_backend.h"

#include <gtest/gtest.h>

// A model whose first layers are on the CPU because its device has no room for them. The test device computes as the CPU does, so a model
// gives the same bits whole and in two parts. (tests/engine/vulkan_model_test.cpp has a device that rounds in its own way.)
namespace {

using namespace engine;
using test::DeviceFaults;

constexpr int layers = 3;
constexpr const char* share = "2 of 3 layers on Test device, the others on the CPU";

std::shared_ptr<const Model> load(const std::filesystem::path& path, const std::string& device,
                                  int deviceLayers = 0) {
    LoadOptions options;
    options.device.device = device;
    options.device.cpu.threads = 1;
    options.deviceLayers = deviceLayers;
    return Model::load(path, options);
}

class Split : public testing::TestWithParam<std::string> {
protected:
    std::vector<TokenId> tokens(int count, unsigned seed = 5) const {
        return test::randomTokens(count, m_whole->config.vocabulary, seed);
    }
    /// With one layer on the device, and with all but one.
    std::vector<std::shared_ptr<const Model>> bothSplits() const {
        return {load(m_path, "test", 1), load(m_path, "test", layers - 1)};
    }

    test::FailingDevice m_device;
    std::filesystem::path m_path = test::writeToyModel({.architecture = GetParam(), .layers = layers});
    std::shared_ptr<const Model> m_whole = load(m_path, "cpu");
    ContextOptions m_options = test::exactOptions(4, 21, 13); // it wraps
};

TEST_P(Split, LogitsAreTheSameBits) {
    const auto text = tokens(60);
    for (const StreamPosition start : {StreamPosition{0}, StreamPosition{4'000'000}})
        for (const auto& model : bothSplits()) {
            m_options.ringStart = start;
            Context whole(m_whole, m_options), split(model, m_options);
            EXPECT_EQ(test::feedAll(whole, text, 1), test::feedAll(split, text, 2)) << model->info.device;
        }
}

TEST_P(Split, AttentionIsTheSame) {
    const auto text = tokens(40);
    constexpr auto everything = CaptureLevel::Record;
    const auto seenBy = [&](const std::shared_ptr<const Model>& model) {
        Context context(model, m_options);
        AttentionFrame frame;
        prepareFrame(frame, {.level = everything}, layers, model->config.heads, context.cache().slots());
        frame.level = everything;
        context.feed(text, LogitsWanted::None, &frame);
        return frame;
    };
    const AttentionFrame expected = seenBy(m_whole);
    for (const auto& model : bothSplits()) {
        const AttentionFrame seen = seenBy(model);
        EXPECT_EQ(seen.rows, expected.rows);
        EXPECT_EQ(seen.slotMass, expected.slotMass);
        for (std::size_t head = 0; head < seen.headStats.size(); ++head)
            EXPECT_EQ(seen.headStats[head].outputNorm, expected.headStats[head].outputNorm);
    }
}

TEST_P(Split, AStateGoesToTheWholeModelAndBack) {
    m_options.ringType = kernels::KvType::Q8_0;
    m_options.sinkType = kernels::KvType::F16;
    const auto text = tokens(50), more = tokens(20, 9);
    Context whole(m_whole, m_options);
    test::feedAll(whole, text, 1);
    const auto state = whole.save();
    const auto expected = test::feedAll(whole, more, 1);
    for (const auto& model : bothSplits()) {
        Context split(model, m_options);
        split.restore(state);
        EXPECT_EQ(split.save(), state);
        for (int layer = 0; layer < layers; ++layer)
            EXPECT_EQ(split.keysAndValues().slotHash(layer, 7), [&] {
                Context again(m_whole, m_options);
                again.restore(state);
                return again.keysAndValues().slotHash(layer, 7);
            }());
        EXPECT_EQ(test::feedAll(split, more, 1), expected);
        EXPECT_THROW(split.restore(std::span(state).first(state.size() - 1)), std::runtime_error);
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Split, testing::ValuesIn(test::toyFamilies()), [](const auto& test) {
    std::string name = test.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

class SplitModel : public testing::Test {
protected:
    test::FailingDevice m_device;
    std::filesystem::path m_path = test::writeToyModel({.layers = layers});
    // Of a layer: query, key, value, output, gate, up, down. Of the output: the embedding's.
    static constexpr int weightsOfLayer = 7, weightsOfOutput = 1;
};

TEST_F(SplitModel, WhatDoesNotFitIsOnTheCpu) {
    m_device.faults->weights = weightsOfOutput + 2 * weightsOfLayer + 3;
    const auto model = load(m_path, "test");
    EXPECT_EQ(model->info.device, share);
    EXPECT_EQ(model->info.deviceLayers, 2);
    EXPECT_EQ(model->info.deviceProblem, "");
    EXPECT_FALSE(model->runsOnCpu());
    // The embedding is on both.
    const auto whole = load(m_path, "cpu");
    const auto matrix = static_cast<std::uint64_t>(model->weights.embedding->bytes());
    EXPECT_EQ(model->info.weightBytes, whole->info.weightBytes + matrix);
    const auto text = test::randomTokens(30, model->config.vocabulary, 3);
    Context here(whole, test::exactOptions(4, 21, 13)), there(model, test::exactOptions(4, 21, 13));
    EXPECT_EQ(test::feedAll(there, text, 1), test::feedAll(here, text, 1));
}

TEST_F(SplitModel, AnEmbeddingThatDoesNotFitTakesALayerWithIt) {
    m_path = test::writeToyModel({.layers = layers, .tied = false});
    m_device.faults->weights = weightsOfOutput + layers * weightsOfLayer;
    EXPECT_EQ(load(m_path, "test")->info.deviceLayers, layers - 1);
    m_device.faults->weights = weightsOfOutput + layers * weightsOfLayer + 1;
    EXPECT_EQ(load(m_path, "test")->info.deviceLayers, layers);
}

// Of the device's memory a chat's keys and values have their part before weights do.
TEST_F(SplitModel, ALayerNeedsRoomForItsKeysAndValues) {
    m_device.faults->caches = 2;
    EXPECT_EQ(load(m_path, "test")->info.deviceLayers, 2);
}

TEST_F(SplitModel, ADeviceWithoutRoomForOneLayerIsNotUsed) {
    m_device.faults->weights = weightsOfOutput + weightsOfLayer - 1;
    const auto model = load(m_path, "test");
    EXPECT_EQ(model->info.deviceProblem, DeviceFaults::NoRoomForWeights);
    EXPECT_TRUE(model->runsOnCpu());
    EXPECT_EQ(model->otherBackend, nullptr);
}

TEST_F(SplitModel, AStopLeavesNothingBehind) {
    const auto model = load(m_path, "test", 2), whole = load(m_path, "cpu");
    const auto text = test::randomTokens(30, model->config.vocabulary, 3);
    Context here(whole, test::exactOptions(4, 21, 13)), there(model, test::exactOptions(4, 21, 13));
    test::feedAll(here, std::span(text).first(20), 1);
    test::feedAll(there, std::span(text).first(20), 1);
    std::stop_source stop;
    m_device.faults->begun = [&] { stop.request_stop(); }; // the first part has ended
    EXPECT_TRUE(
        there.feed(std::span(text).subspan(20, 5), LogitsWanted::Last, nullptr, stop.get_token()).empty());
    m_device.faults->begun = {};
    const auto rest = std::span(text).subspan(20);
    EXPECT_EQ(test::feedAll(there, rest, 1), test::feedAll(here, rest, 1));
}

TEST_F(SplitModel, AnswersAreThoseOfTheWholeModel) {
    std::vector<std::string> answers;
    for (const auto& model : {load(m_path, "cpu"), load(m_path, "test", 2)}) {
        test::Chat chat(model);
        chat.request.sampling = {.temperature = 0.9f, .topK = 5, .repetitionPenalty = 1.3f, .seed = 3};
        chat.request.maxTokens = 30;
        chat.say("Tell me more.");
        answers.push_back(chat.answer);
    }
    EXPECT_NE(answers[0], "");
    EXPECT_EQ(answers[1], answers[0]);
}

TEST_F(SplitModel, ALostDeviceMovesTheChatToTheCpu) {
    test::Chat chat(load(m_path, "test", 2));
    chat.request.maxTokens = 30;
    m_device.faults->steps = 12;
    EXPECT_EQ(chat.say("What is in the harbour?").generatedTokens, 30);
    EXPECT_TRUE(chat.session.model()->runsOnCpu());
    EXPECT_EQ(chat.session.model()->info.deviceLayers, layers);
}

// A model must not be split for good because the one before it was still there.
TEST_F(SplitModel, AnotherModelIsSplitOnlyIfItDoesNotFitAlone) {
    m_device.faults->models = 1;
    m_device.faults->weightsBeside = weightsOfOutput + 2 * weightsOfLayer;
    LoadOptions options;
    options.device.device = "test";
    Service service;
    for (const auto& path : {m_path, test::writeToyModel({.layers = layers, .seed = 52})})
        service.load(path, options);
    std::vector<ModelInfo> loaded;
    while (loaded.size() < 2)
        for (const EngineEvent& one : service.waitForEvents())
            if (const auto* event = std::get_if<ModelLoaded>(&one))
                loaded.push_back(event->info);
    for (const ModelInfo& info : loaded)
        EXPECT_EQ(info.device, "Test device");
}

} // namespace
