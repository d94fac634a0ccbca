#include "kernels/devices.h"

#include "kernels/backend.h"
#include "kernels/cuda_backend.h"
#include "kernels/test_device.h"
#include "kernels/vulkan_backend.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace kernels {
namespace {

constexpr std::string_view cudaKind = "cuda", vulkanKind = "vulkan";

std::function<std::unique_ptr<Backend>()> makeTestDevice;

/// The number behind "kind:", 0 behind "kind", else -1.
int numberOf(std::string_view name, std::string_view kind) {
    if (name == kind)
        return 0;
    if (!name.starts_with(kind) || name.substr(kind.size(), 1) != ":")
        return -1;
    const std::string_view digits = name.substr(kind.size() + 1);
    int number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && end == digits.data() + digits.size() ? number : -1;
}

/// What the library of one kind of devices names.
template <class Found>
void append(DeviceList& list, std::string_view kind, const std::vector<Found>& devices) {
    for (std::size_t number = 0; number < devices.size(); ++number) {
        const Found& device = devices[number];
        list.devices.push_back({.name = std::string(kind) + ":" + std::to_string(number),
                                .title = device.name,
                                .features = device.features,
                                .memoryBytes = device.memoryBytes,
                                .isSoftware = device.isSoftware,
                                .isDiscrete = device.isDiscrete,
                                .problem = device.problem});
    }
}

} // namespace

DeviceList listDevices() {
    DeviceList list;
    list.devices.push_back(
        {.name = "cpu",
         .title = "CPU",
         .features = std::to_string(physicalCores()) + " cores, " + cpuIsaNames().front()});
    const VulkanDevices vulkan = listVulkanDevices();
    append(list, vulkanKind, vulkan.devices);
    const CudaCards cuda =
        listCudaCards(); // behind Vulkan, which drives the same cards and has run on more of them
    append(list, cudaKind, cuda.cards);
    list.cudaProblem = cuda.problem;
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
    if (const int number = numberOf(options.device, cudaKind); number >= 0)
        return makeCudaBackend({.card = number});
    if (const int number = numberOf(options.device, vulkanKind); number >= 0)
        return makeVulkanBackend({.device = number});
    if (options.device == "test" && makeTestDevice)
        return makeTestDevice();
    throw std::runtime_error("There is no device called \"" + options.device +
                             "\" here; \"cpu\" always works.");
}

} // namespace kernels
