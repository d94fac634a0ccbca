#include "kernels/test_device.h"
#include "kernels/vulkan_backend.h"
#include "tests/engine/interrupted_answer.h"
#include "tests/engine/session_fixture.h"
#include "tests/engine/two_devices.h"
#include "tests/support/backends.h"
#include "tests/support/real_model.h"

#include <gtest/gtest.h>

#include <algorithm>

// Whole models on a Vulkan device against the same models on the CPU: every family of the toy models, chunks of any length, a ring that
// wraps and evicts, far positions, saved states that change the device, and what happens when the device fails.
namespace {

using engine::Context;
using engine::TokenId;
using kernels::VulkanFault;
using test::loadOn;
using test::tolerance;
using test::worst;

const std::string vulkan = "vulkan:" + std::to_string(test::vulkanTestDevice());

class VulkanModel : public test::TwoDevices {
protected:
    void SetUp() override {
        if (const std::string problem = test::vulkanTestProblem(); !problem.empty())
            GTEST_SKIP() << "no Vulkan device: " << problem;
        load(device());
    }
    virtual std::string device() const { return vulkan; }
    void TearDown() override {
        kernels::failVulkanSubmission(-1, VulkanFault::DeviceLost);
        kernels::limitVulkanMemory(kernels::noMemoryLimit);
    }
};

TEST_P(VulkanModel, LogitsAreThoseOfTheCpuWhileTheRingWraps) {
    expectLogitsOfTheCpuWhileTheRingWraps(tokens(60), test::exactOptions(4, 21, 13));
}

TEST_P(VulkanModel, AStreamGoesOnOnTheOtherDevice) {
    expectAStreamGoesOnOnTheCpu(tokens(50), tokens(10, 9), test::exactOptions(4, 21, 13));
}

TEST_P(VulkanModel, AttentionIsSeenAsOnTheCpu) {
    expectAttentionAsOnTheCpu();
}

TEST_P(VulkanModel, ASplitModelDoesAllThat) {
    expectASplitModelToDoAllThat(vulkan);
}

TEST_P(VulkanModel, TheLargestLogitsAreThoseOfAll) {
    Context context(m_there, test::exactOptions(4, 21, 13));
    const TokenId apart[] = {3, 9};
    const engine::Logits logits = context.feedForTop(tokens(30), {5, apart});
    ASSERT_NE(logits.top(), nullptr);
    const engine::Logits::Top top = *logits.top();
    const auto all = logits.all();
    std::vector<kernels::Logit> sorted;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (i != 3 && i != 9)
            sorted.push_back({static_cast<TokenId>(i), all[i]});
    std::sort(sorted.begin(), sorted.end(), kernels::isLarger);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(top.largest[i].id, sorted[i].id);
        EXPECT_EQ(top.largest[i].value, sorted[i].value);
    }
    EXPECT_EQ(top.apart[1].value, all[9]);
}

INSTANTIATE_TEST_SUITE_P(Families, VulkanModel, testing::ValuesIn(test::toyFamilies()), test::familyName);

/// As on most cards, also where the device is a software one: a card's products, with cooperative matrices where the device has them, and
/// all memory behind copies.
class VulkanCardModel : public test::TwoDevices {
protected:
    void SetUp() override {
        if (const std::string problem = test::vulkanTestProblem(); !problem.empty())
            GTEST_SKIP() << "no Vulkan device: " << problem;
        kernels::setTestDevice([] {
            return kernels::makeVulkanBackend({.device = test::vulkanTestDevice(), .isStaged = true});
        });
    }
    void TearDown() override {
        m_there.reset();
        kernels::setTestDevice({});
    }
};

TEST_P(VulkanCardModel, LogitsAndStatesAreThoseOfTheCpu) {
    load("test");
    expectLogitsOfTheCpuWhileTheRingWraps(tokens(40), test::exactOptions(4, 17, 13));
    expectAStreamGoesOnOnTheCpu(tokens(30), tokens(6, 9), test::exactOptions(4, 17, 13));
}

// On matrices, which take no weights of float32, the activations of a feed-forward's first products have 11 bits: an error of 2^-12 of each
// result on average, in each of two layers, and the worst of some ten thousand logits.
TEST_P(VulkanCardModel, LogitsOfQuantisedWeightsAreNearlyThoseOfTheCpu) {
    load("test", kernels::DType::Q4_1);
    expectLogitsOfTheCpuWhileTheRingWraps(tokens(60), test::exactOptions(4, 21, 13),
                                          test::vulkanHasMatrices() ? 5e-3 : tolerance);
}

INSTANTIATE_TEST_SUITE_P(Families, VulkanCardModel, testing::ValuesIn(test::toyFamilies()), test::familyName);

class VulkanChat : public VulkanModel {};

// Picked from a few logits on one device and from all on the other.
TEST_P(VulkanChat, AnswersAreThoseOfTheCpu) {
    for (const float temperature : {0.0f, 0.9f}) {
        std::vector<std::vector<TokenId>> answers;
        for (const auto& model : {m_cpu, m_there}) {
            test::Chat chat(model);
            chat.request.sampling = {
                .temperature = temperature, .topK = 5, .repetitionPenalty = 1.3f, .seed = 3};
            chat.request.maxTokens = 20;
            for (const char* question : {"Tell me more.", "And then?"}) {
                chat.say(question);
                answers.push_back(chat.picked);
            }
        }
        EXPECT_EQ(answers[0].size(), 20u);
        EXPECT_EQ(answers[2], answers[0]) << temperature;
        EXPECT_EQ(answers[3], answers[1]) << temperature;
    }
}

// A full window: whole old turns leave at the beginning of an answer, single tokens while it is written.
TEST_P(VulkanChat, TheWindowRollsAsOnTheCpu) {
    std::vector<std::vector<TokenId>> answers;
    std::vector<engine::CacheStatus> last;
    for (const auto& model : {m_cpu, m_there}) {
        test::Chat chat(model);
        chat.request.cache.window = 60;
        chat.request.maxTokens = 25;
        for (const char* question : {"Tell me more.", "And then?", "Of the river, too?", "And the sea?"}) {
            chat.say(question);
            answers.push_back(chat.picked);
        }
        last.push_back(chat.last);
    }
    const std::size_t turns = answers.size() / 2;
    for (std::size_t turn = 0; turn < turns; ++turn)
        EXPECT_EQ(answers[turns + turn], answers[turn]) << "turn " << turn;
    EXPECT_GT(last[0].forgotten, 60);
    EXPECT_EQ(last[1].forgotten, last[0].forgotten);
    EXPECT_EQ(last[1].visible, last[0].visible);
    EXPECT_EQ(last[1].readAgain, 0);
}

INSTANTIATE_TEST_SUITE_P(Llama, VulkanChat, testing::Values("llama"), test::familyName);

// 30 layers of float32 sums in another order: nats of a token. (An F16 ring brings 0.0022, where a key is rounded to the other side.)
// With activations of 11 bits in half of the arithmetic, as cooperative matrices have them, 0.0028 were seen.
double realTolerance() {
    return test::vulkanHasMatrices() ? 1e-2 : 1e-3;
}

TEST(VulkanRealModel, ReadsAndWritesAsOnTheCpu) {
    SKIP_WITHOUT_REAL_MODEL();
    if (const std::string problem = test::vulkanTestProblem(); !problem.empty())
        GTEST_SKIP() << "no Vulkan device: " << problem;
    std::vector<std::vector<double>> losses;
    std::vector<std::vector<TokenId>> written;
    for (const std::string& device : {std::string("cpu"), vulkan}) {
        const auto model = loadOn(test::realModelPath(), device);
        ASSERT_EQ(model->info.deviceProblem, "");
        const auto text = model->tokenizer->encodePlain(
            "The old lighthouse keeper climbed the stairs every evening, lit the lamp and wrote a line "
            "about the weather into his book. One evening the book was gone, and in its place");
        Context context(model, test::exactOptions(4, 100, 16));
        const auto rows = test::feedAll(context, text, 1);
        losses.emplace_back();
        for (std::size_t i = 0; i + 1 < text.size(); ++i)
            losses.back().push_back(engine::Logits(rows[i]).negativeLogLikelihood(text[i + 1]));
        written.emplace_back();
        for (std::span<const float> logits = rows.back(); written.back().size() < 8;) {
            written.back().push_back(
                static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
            logits = context.feed({&written.back().back(), 1}, engine::LogitsWanted::Last);
        }
    }
    for (std::size_t i = 0; i < losses[0].size(); ++i)
        EXPECT_NEAR(losses[1][i], losses[0][i], realTolerance()) << "token " << i + 1;
    EXPECT_EQ(written[1], written[0]);
}

class VulkanFaults : public VulkanModel {};

TEST_P(VulkanFaults, ALostDeviceTakesNothingBack) {
    const auto text = tokens(30);
    const engine::ContextOptions options = test::exactOptions(4, 21, 13);
    Context there(m_there, options);
    test::feedAll(there, std::span(text).first(20), 1);
    kernels::failVulkanSubmission(0, VulkanFault::DeviceLost);
    EXPECT_THROW(there.feed(std::span(text).subspan(20, 1), engine::LogitsWanted::Last), std::runtime_error);
    EXPECT_EQ(there.cache().length(), 20);
    // What was read goes on where it was.
    expectTheSameOnTheCpu(there, std::span(text).subspan(20), options);
}

// Counted by which of them a fault hits.
TEST_P(VulkanFaults, ATokenIsOneSubmission) {
    const auto text = tokens(9);
    Context there(m_there, test::exactOptions(4, 21, 13));
    there.feed(std::span(text).first(5), engine::LogitsWanted::Last);
    kernels::failVulkanSubmission(3, VulkanFault::DeviceLost);
    for (std::size_t i = 5; i < 8; ++i)
        there.feed(std::span(text).subspan(i, 1), engine::LogitsWanted::Last);
    EXPECT_THROW(there.feed(std::span(text).subspan(8, 1), engine::LogitsWanted::Last), std::runtime_error);
}

TEST_P(VulkanFaults, AnAnswerGoesOnOnTheCpu) {
    for (const auto& [fault, sentence] : {std::pair{VulkanFault::DeviceLost, "stopped working"},
                                          std::pair{VulkanFault::OutOfMemory, "no memory left"}})
        for (const int tokens : {0, 1, 15})
            test::expectTheAnswerToGoOn(
                vulkan, [one = fault] { kernels::failVulkanSubmission(0, one); }, sentence, tokens);
}

TEST_P(VulkanFaults, AModelThatDoesNotFitRunsOnTheCpuAndSaysWhy) {
    kernels::limitVulkanMemory(0);
    expectToRunOnTheCpuForWantOfMemory(vulkan);
}

TEST_P(VulkanFaults, LayersThatDoNotFitStayOnTheCpu) {
    expectLayersThatDoNotFitToStayOnTheCpu(vulkan, kernels::limitVulkanMemory);
}

TEST_P(VulkanFaults, AutomaticChoiceIsNeverSoftware) {
    const auto found = kernels::listDevices();
    if (std::any_of(found.devices.begin(), found.devices.end(),
                    [](const auto& device) { return device.isDiscrete; }))
        GTEST_SKIP() << "this machine has a card";
    EXPECT_EQ(loadOn(m_path, "auto")->info.device, "CPU, 1 thread");
}

INSTANTIATE_TEST_SUITE_P(Llama, VulkanFaults, testing::Values("llama"), test::familyName);

} // namespace
