#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kernels {

class Backend;

/// A device that the Vulkan loader names, usable or not.
struct VulkanDevice {
    std::string name;
    bool isSoftware = false;       // runs on the processor (lavapipe): for tests, never chosen by itself
    bool isDiscrete = false;       // a card with memory of its own
    std::uint64_t memoryBytes = 0; // of its largest heap
    std::string features;          // "Vulkan 1.3, subgroups of 8"
    std::string problem;           // why it cannot be used; "" = it can
};

struct VulkanDevices {
    std::vector<VulkanDevice> devices; // their place here is their number
    std::string problem;               // why there are none: no loader, no driver, not built
};

/// Any thread. Never throws for want of a device.
VulkanDevices listVulkanDevices();

struct VulkanOptions {
    int device = 0; // of listVulkanDevices()
    // For tests.
    bool isStaged = false;  // copies through staging memory even where the host sees the device's
    bool isChecked = false; // shaders that check every index; wait() throws where one was out of bounds
};

/// Throws std::runtime_error with a sentence: not built, no such device, or one that lacks something.
std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions& options);

// For tests.

enum class VulkanFault { DeviceLost, OutOfMemory };
/// The submission after `submissions` more fails so, once, as if the device had. Negative: none.
void failVulkanSubmission(int submissions, VulkanFault fault);
/// More of its own memory than so many bytes cannot be had from now on by one backend, as on a full card; with 0 none that the host shares,
/// either.
void limitVulkanMemory(std::uint64_t bytes);
constexpr std::uint64_t noMemoryLimit = UINT64_MAX;
/// What the validation layer has said in this process. It is on, with synchronisation validation, where the environment variable
/// SUMIDERO_VULKAN_VALIDATION is 1.
std::vector<std::string> vulkanValidationMessages();

} // namespace kernels
