#pragma once
#include "kernels/backend.h"
#include "kernels/cpu_backend.h"

#include <memory>
#include <string>
#include <vector>

namespace test {

/// The device that tests use: the number in SUMIDERO_TEST_DEVICE ("vulkan:1", "cuda:1") where it is of that kind, else the first one.
int vulkanTestDevice();
int cudaTestDevice();
/// Why tests cannot use the Vulkan device; "" = they can.
std::string vulkanTestProblem();
/// Whether the device has cooperative matrices that products take.
bool vulkanHasMatrices();
/// Why tests cannot use the NVIDIA card; "" = they can.
std::string cudaTestProblem();

/// Every backend that can run here: the CPU's levels of instructions, and "vulkan", "vulkan_staged" (all memory behind copies) and
/// "vulkan_checked" (every index checked) where there is a Vulkan device; "cuda" where there is an NVIDIA card; CUDA's kernels on the
/// processor as "cuda_shim" and "cuda_shim_reversed" (threads and blocks in the other order). The names of parametrised tests.
std::vector<std::string> backendNames();
/// Those of CUDA only.
std::vector<std::string> cudaBackendNames();
/// Also "vulkan_staged_checked": a card's products, which Vulkan on the processor does otherwise, with every index checked.
std::vector<std::string> productBackendNames();
/// Without "vulkan_staged", for tests that write so often that it would take minutes of nothing but copies.
std::vector<std::string> directBackendNames();
/// `threads` is for the CPU, `activations` not for Vulkan.
std::unique_ptr<kernels::Backend>
makeTestBackend(const std::string& name, int threads = 2,
                kernels::ActivationPrecision activations = kernels::ActivationPrecision::Int8);
inline bool isVulkan(const std::string& name) {
    return name.starts_with("vulkan");
}
inline bool isCuda(const std::string& name) {
    return name.starts_with("cuda");
}

} // namespace test
