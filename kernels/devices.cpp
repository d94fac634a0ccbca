#include "kernels/devices.h"

#include "kernels/backend.h"
#include "kernels/test_device.h"
#include "kernels/vulkan_backend.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace kernels {
namespace {

constexpr std::string_view vulkanPrefix = "vulkan:";

std::function<std::unique_ptr<Backend>()> makeTestDevice;

/// The number behind "vulkan:", 0 behind "vulkan", else -1.
int vulkanNumber(std::string_view name) {
    if (name == "vulkan")
        return 0;
    if (!name.starts_with(vulkanPrefix))
        return -1;
    const std::string_view digits = name.substr(vulkanPrefix.size());
    int number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && end == digits.data() + digits.size() ? number : -1;
}

} // namespace

DeviceList listDevices() {
    DeviceList list;
    const VulkanDevices vulkan = listVulkanDevices();
    list.devices.push_back(
        {.name = "cpu",
         .title = "CPU",
         .features = std::to_string(physicalCores()) + " cores, " + cpuIsaNames().front()});
    for (std::size_t i = 0; i < vulkan.devices.size(); ++i) {
        const VulkanDevice& device = vulkan.devices[i];
        list.devices.push_back({.name = std::string(vulkanPrefix) + std::to_string(i),
                                .title = device.name,
                                .features = device.features,
                                .memoryBytes = device.memoryBytes,
                                .isSoftware = device.isSoftware,
                                .isDiscrete = device.isDiscrete,
                                .problem = device.problem});
    }
    list.vulkanProblem = vulkan.problem;
    return list;
}

std::string suitableDevice(const DeviceList& list, std::uint64_t modelBytes) {
    // What a conversation needs beside the weights, and what the screen takes.
    constexpr std::uint64_t reserve = 1u << 30;
    for (const Device& device : list.devices)
        if (device.isDiscrete && !device.isSoftware && device.problem.empty() &&
            modelBytes + modelBytes / 2 + reserve <=
                device.memoryBytes) // repacked types of 5 and 6 bits grow by half
            return device.name;
    return "cpu";
}

void setTestDevice(std::function<std::unique_ptr<Backend>()> make) {
    makeTestDevice = std::move(make);
}

std::unique_ptr<Backend> makeBackend(const DeviceOptions& options) {
    if (options.device.empty() || options.device == "cpu")
        return makeCpuBackend(options.cpu);
    if (const int number = vulkanNumber(options.device); number >= 0)
        return makeVulkanBackend({.device = number});
    if (options.device == "test" && makeTestDevice)
        return makeTestDevice();
    throw std::runtime_error("There is no device called \"" + options.device +
                             "\" here; \"cpu\" always works.");
}

} // namespace kernels
