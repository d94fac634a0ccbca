#include "tests/support/backends.h"

#include "kernels/vulkan_backend.h"

namespace test {

namespace {

std::vector<std::string> findBackends() {
    std::vector<std::string> names = kernels::cpuIsaNames();
    const kernels::VulkanDevices vulkan = kernels::listVulkanDevices();
    if (!vulkan.devices.empty() && vulkan.devices.front().problem.empty())
        names.insert(names.end(), {"vulkan", "vulkan_staged", "vulkan_checked"});
    return names;
}

} // namespace

std::vector<std::string> backendNames() {
    static const std::vector<std::string> names = findBackends(); // drivers take a while to load
    return names;
}

std::vector<std::string> directBackendNames() {
    std::vector<std::string> names = backendNames();
    std::erase(names, "vulkan_staged");
    return names;
}

std::unique_ptr<kernels::Backend> makeTestBackend(const std::string& name, int threads,
                                                  kernels::ActivationPrecision activations) {
    if (isVulkan(name))
        return kernels::makeVulkanBackend(
            {.isStaged = name == "vulkan_staged", .isChecked = name == "vulkan_checked"});
    return kernels::makeCpuBackend({.threads = threads, .activations = activations, .isa = name});
}

} // namespace test
