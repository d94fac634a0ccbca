#include "tests/support/backends.h"

#include "kernels/vulkan_backend.h"

#include <cstdlib>

namespace test {

namespace {

std::vector<std::string> findBackends() {
    std::vector<std::string> names = kernels::cpuIsaNames();
    const kernels::VulkanDevices vulkan = kernels::listVulkanDevices();
    const auto device = static_cast<std::size_t>(vulkanTestDevice());
    if (device < vulkan.devices.size() && vulkan.devices[device].problem.empty())
        names.insert(names.end(), {"vulkan", "vulkan_staged", "vulkan_checked"});
    return names;
}

} // namespace

int vulkanTestDevice() {
    const char* const wanted = std::getenv("SUMIDERO_TEST_DEVICE");
    const std::string name = wanted ? wanted : "";
    return name.starts_with("vulkan:") ? std::atoi(name.c_str() + 7) : 0;
}

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
        return kernels::makeVulkanBackend({.device = vulkanTestDevice(),
                                           .isStaged = name == "vulkan_staged",
                                           .isChecked = name == "vulkan_checked"});
    return kernels::makeCpuBackend({.threads = threads, .activations = activations, .isa = name});
}

} // namespace test
