#include "tests/support/backends.h"

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/shim/fibers.h"
#include "kernels/cuda/shim/shim_device.h"
#include "kernels/vulkan_backend.h"

#include <algorithm>
#include <cstdlib>

namespace test {

namespace {

std::vector<std::string> findBackends() {
    std::vector<std::string> names = kernels::cpuIsaNames();
    if (vulkanTestProblem().empty())
        names.insert(names.end(), {"vulkan", "vulkan_staged", "vulkan_checked"});
    if (cudaTestProblem().empty())
        names.push_back("cuda");
#ifndef __SANITIZE_THREAD__ // which knows nothing of fibers
    names.insert(names.end(), {"cuda_shim", "cuda_shim_reversed"});
#endif
    return names;
}

std::unique_ptr<kernels::Backend> makeOnCuda(const std::string& name,
                                             kernels::ActivationPrecision activations) {
    using namespace kernels;
    const CudaOptions options{.card = name == "cuda" ? cudaTestDevice() : 0,
                              .activations = activations == ActivationPrecision::Float32
                                                 ? CudaActivations::Float32
                                                 : CudaActivations::Words,
                              .prefill = CudaPrefill::Own}; // cuBLAS is not what is tested
    if (name == "cuda")
        return makeCudaBackend(options);
    cuda::shim::setOrder(name == "cuda_shim_reversed" ? cuda::shim::Order::Reverse
                                                      : cuda::shim::Order::Forward);
    return cuda::makeBackendOn(cuda::shim::deviceApi(), options);
}

/// The number in SUMIDERO_TEST_DEVICE if it names a device of this kind ("cuda:"), else 0.
int testDevice(const std::string& kind) {
    const char* const wanted = std::getenv("SUMIDERO_TEST_DEVICE");
    const std::string name = wanted ? wanted : "";
    return name.starts_with(kind) ? std::atoi(name.c_str() + kind.size()) : 0;
}

} // namespace

int vulkanTestDevice() {
    return testDevice("vulkan:");
}

int cudaTestDevice() {
    return testDevice("cuda:");
}

std::string vulkanTestProblem() {
    const kernels::VulkanDevices found = kernels::listVulkanDevices();
    const auto device = static_cast<std::size_t>(vulkanTestDevice());
    if (!found.problem.empty())
        return found.problem;
    return device < found.devices.size() ? found.devices[device].problem
                                         : "There are fewer Vulkan devices here.";
}

bool vulkanHasMatrices() {
    const auto device = static_cast<std::size_t>(vulkanTestDevice());
    return vulkanTestProblem().empty() && kernels::listVulkanDevices().devices[device].features.find(
                                              "cooperative matrices") != std::string::npos;
}

std::string cudaTestProblem() {
    const kernels::CudaCards found = kernels::listCudaCards();
    const auto card = static_cast<std::size_t>(cudaTestDevice());
    if (!found.problem.empty())
        return found.problem;
    return card < found.cards.size() ? found.cards[card].problem : "There are fewer NVIDIA cards here.";
}

std::vector<std::string> backendNames() {
    static const std::vector<std::string> names = findBackends(); // drivers take a while to load
    return names;
}

std::vector<std::string> cudaBackendNames() {
    std::vector<std::string> names = backendNames();
    std::erase_if(names, [](const std::string& name) { return !isCuda(name); });
    return names;
}

std::vector<std::string> productBackendNames() {
    std::vector<std::string> names = backendNames();
    if (std::find(names.begin(), names.end(), "vulkan_staged") != names.end())
        names.push_back("vulkan_staged_checked");
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
                                           .isStaged = name.starts_with("vulkan_staged"),
                                           .isChecked = name.ends_with("_checked")});
    if (isCuda(name))
        return makeOnCuda(name, activations);
    return kernels::makeCpuBackend({.threads = threads, .activations = activations, .isa = name});
}

} // namespace test
