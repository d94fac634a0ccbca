#include "kernels/devices.h"
#include "kernels/vulkan_backend.h"
#include "tests/kernels/attention_fixture.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <stdexcept>

// What is Vulkan's alone: the list of devices, faults, saved states that go to another device, and silence of the validation layer.
namespace {

using kernels::VulkanFault;
using test::GuardedBuffer;

/// At the end of the program: with the layer on, whatever it said is a failure.
class Validation : public testing::Environment {
    static bool isWanted() {
        const char* value = std::getenv("SUMIDERO_VULKAN_VALIDATION");
        return value != nullptr && std::string(value) == "1";
    }
    void SetUp() override {
        if (isWanted()) {
            EXPECT_EQ(kernels::listVulkanDevices().problem, "") << "is the validation layer installed?";
        }
    }
    void TearDown() override {
        for (const std::string& message : kernels::vulkanValidationMessages())
            ADD_FAILURE() << message;
    }
};
[[maybe_unused]] testing::Environment* const validation = testing::AddGlobalTestEnvironment(new Validation);

/// A sentence begins like one and ends like one.
void expectSentence(const std::string& text) {
    EXPECT_TRUE(!text.empty() && std::isupper(static_cast<unsigned char>(text.front())) && text.back() == '.')
        << text;
}

class Vulkan : public testing::Test {
protected:
    void SetUp() override {
        const kernels::VulkanDevices found = kernels::listVulkanDevices();
        if (found.devices.empty())
            GTEST_SKIP() << found.problem;
        m_backend = kernels::makeVulkanBackend({.device = test::vulkanTestDevice()});
    }
    void TearDown() override {
        kernels::failVulkanSubmission(-1, VulkanFault::DeviceLost);
        kernels::limitVulkanMemory(kernels::noMemoryLimit);
    }
    template <class Work>
    static std::string errorOf(const Work& work) {
        try {
            work();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    }
    std::unique_ptr<kernels::Backend> m_backend;
};

TEST(VulkanList, SaysWhatThereIsOrWhyNot) {
    const kernels::VulkanDevices found = kernels::listVulkanDevices();
    if (found.devices.empty())
        return expectSentence(found.problem);
    EXPECT_EQ(found.problem, "");
    for (const kernels::VulkanDevice& device : found.devices) {
        EXPECT_FALSE(device.name.empty());
        EXPECT_GT(device.memoryBytes, 0u);
        EXPECT_NE(device.features.find("subgroups of"), std::string::npos);
    }
}

TEST(VulkanList, TheChoiceIsACardThatHoldsTheModelAndNeverSoftware) {
    constexpr std::uint64_t gigabyte = 1u << 30;
    kernels::DeviceList list;
    list.devices = {
        {.name = "cpu"},
        {.name = "vulkan:0", .memoryBytes = 64 * gigabyte, .isSoftware = true, .isDiscrete = true},
        {.name = "vulkan:1", .memoryBytes = 64 * gigabyte},
        {.name = "vulkan:2", .memoryBytes = 64 * gigabyte, .isDiscrete = true, .problem = "old"},
        {.name = "vulkan:3", .memoryBytes = 8 * gigabyte, .isDiscrete = true}};
    EXPECT_EQ(kernels::suitableDevice(list, 4 * gigabyte), "vulkan:3");
    EXPECT_EQ(kernels::suitableDevice(list, 7 * gigabyte), "cpu");
    list.devices.pop_back();
    EXPECT_EQ(kernels::suitableDevice(list, gigabyte), "cpu");
}

TEST(VulkanList, AWrongNumberIsASentence) {
    for (const char* name : {"vulkan:99", "vulkan:x", "vulkan:", "vulkan:-1"}) {
        try {
            kernels::makeBackend({.device = name});
            FAIL() << name;
        } catch (const std::runtime_error& error) {
            expectSentence(error.what());
        }
    }
}

TEST_F(Vulkan, ALostDeviceIsOneSentenceAndTheNextStepStartsAfresh) {
    GuardedBuffer x(*m_backend, 2, 8, test::randomFloats(16, 1));
    const auto before = x.get();
    kernels::failVulkanSubmission(0, VulkanFault::DeviceLost);
    const std::string error =
        errorOf([&] { test::runStep(*m_backend, {}, [&] { m_backend->scale(x.tensor(), 2.0f); }); });
    EXPECT_NE(error.find("stopped working"), std::string::npos) << error;
    expectSentence(error);
    test::runStep(*m_backend, {}, [&] { m_backend->scale(x.tensor(), 3.0f); });
    const auto after = x.get();
    for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_EQ(after[i], 3.0f * before[i]);
}

TEST_F(Vulkan, NoMemoryIsOneSentence) {
    kernels::limitVulkanMemory(0);
    const std::string error = errorOf([&] { m_backend->makeBuffer(4, 4); });
    EXPECT_NE(error.find("no memory left"), std::string::npos) << error;
    expectSentence(error);
    kernels::limitVulkanMemory(kernels::noMemoryLimit);
    EXPECT_NE(m_backend->makeBuffer(4, 4), nullptr);
}

TEST_F(Vulkan, AStepThatCannotBeginIsNone) {
    GuardedBuffer x(*m_backend, 2, 8, test::randomFloats(16, 1));
    const auto before = x.get();
    m_backend->begin({});
    m_backend->scale(x.tensor(), 2.0f);
    kernels::limitVulkanMemory(0);
    const std::vector<float> table(1 << 20); // more than there is memory for yet
    const std::span<const float> angles[] = {table};
    EXPECT_NE(errorOf([&] { m_backend->begin({.angles = angles}); }), "");
    kernels::limitVulkanMemory(kernels::noMemoryLimit);
    EXPECT_EQ(x.get(), before); // outside of a step, and the one before was dropped
    test::runStep(*m_backend, {}, [&] { m_backend->scale(x.tensor(), 3.0f); });
    EXPECT_EQ(x.get().front(), 3.0f * before.front());
}

// What the tests of operations on "vulkan_checked" rely on.
TEST_F(Vulkan, CheckedShadersNoticeWhatReachesOutOfItsMemory) {
    const auto checked = kernels::makeVulkanBackend({.device = test::vulkanTestDevice(), .isChecked = true});
    const auto cache = checked->makeKvCache({.layers = {{1, 16}}, .sinkSlots = 2, .ringSlots = 6});
    GuardedBuffer k(*checked, 1, 16, test::randomFloats(16, 1)),
        v(*checked, 1, 16, test::randomFloats(16, 2));
    const auto storeIn = [&](std::int32_t slot) {
        return errorOf([&] {
            test::runStep(*checked, {.slots = {&slot, 1}},
                          [&] { checked->storeKv(*cache, 0, k.tensor(), v.tensor()); });
        });
    };
    EXPECT_EQ(storeIn(7), "");
    const std::string error = storeIn(1000);
    EXPECT_NE(error.find("out of its memory"), std::string::npos) << error;
    expectSentence(error);
    EXPECT_EQ(storeIn(7), ""); // and the next step is judged by itself
}

TEST_F(Vulkan, ASavedStateGoesToTheCpuAndBack) {
    const kernels::KvShape shape{
        .layers = {{2, 48}, {1, 10}}, .sinkSlots = 3, .ringSlots = 18, .ringType = kernels::KvType::Q8_0};
    const auto cpu = kernels::makeCpuBackend({.threads = 1});
    const auto there = m_backend->makeKvCache(shape), here = cpu->makeKvCache(shape),
               again = m_backend->makeKvCache(shape);
    std::vector<std::int32_t> slots;
    for (int slot = 0; slot < shape.slots(); ++slot)
        slots.push_back(slot);
    for (int layer = 0; layer < 2; ++layer) {
        const auto [kvHeads, headDim] = shape.layer(layer);
        const auto count = static_cast<std::size_t>(shape.slots() * kvHeads * headDim);
        for (const auto& [backend, cache] :
             {std::pair{m_backend.get(), there.get()}, std::pair{cpu.get(), here.get()}}) {
            GuardedBuffer k(*backend, shape.slots(), kvHeads * headDim, test::randomFloats(count, 1)),
                v(*backend, shape.slots(), kvHeads * headDim, test::randomFloats(count, 2));
            test::runStep(*backend, {.slots = slots},
                          [&, to = cache] { backend->storeKv(*to, layer, k.tensor(), v.tensor()); });
        }
    }
    EXPECT_EQ(there->save(), here->save()) << "the same numbers";
    again->restore(here->save());
    EXPECT_EQ(again->save(), here->save());
}

} // namespace
