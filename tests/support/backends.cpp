#include "tests/support/backends.h"

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/shim/fibers.h"
#include "kernels/cuda/shim/shim_device.h"
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
#ifndef __SANITIZE_THREAD__ // which knows nothing of fibers
    names.insert(names.end(), {"cuda_shim", "cuda_shim_reversed"});
#endif
    return names;
}

std::unique_ptr<kernels::Backend> makeShimBackend(const std::string& name,
                                                  kernels::ActivationPrecision activations) {
    using namespace kernels;
    cuda::shim::setOrder(name == "cuda_shim_reversed" ? cuda::shim::Order::Reverse
                                                      : cuda::shim::Order::Forward);
    return cuda::makeBackendOn(cuda::shim::deviceApi(),
                               {.activations = activations == ActivationPrecision::Float32
                                                   ? CudaActivations::Float32
                                                   : CudaActivations::Words});
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
    if (isCudaShim(name))
        return makeShimBackend(name, activations);
    return kernels::makeCpuBackend({.threads = threads, .activations = activations, .isa = name});
}

} // namespace test
