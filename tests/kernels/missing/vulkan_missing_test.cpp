#include "kernels/backend.h"
#include "kernels/vulkan_backend.h"

#include <gtest/gtest.h>

#include <stdexcept>

// A program of its own with vulkan_missing.cpp, which stands for vulkan/ where the program is built without it.
namespace {

TEST(WithoutVulkan, SaysSo) {
    const kernels::VulkanDevices found = kernels::listVulkanDevices();
    EXPECT_TRUE(found.devices.empty());
    EXPECT_EQ(found.problem, "This program was built without Vulkan.");
    EXPECT_THROW(kernels::makeVulkanBackend({}), std::runtime_error);
}

// What tests of every build may call.
TEST(WithoutVulkan, HasAllThatTheHeaderNames) {
    kernels::failVulkanSubmission(0, kernels::VulkanFault::DeviceLost);
    kernels::limitVulkanMemory(kernels::noMemoryLimit);
    EXPECT_TRUE(kernels::vulkanValidationMessages().empty());
}

} // namespace
