#include "kernels/backend.h"
#include "kernels/vulkan_backend.h"

#include <stdexcept>

// Takes the place of vulkan/ where the program is built without it.
namespace kernels {

constexpr const char* notBuilt = "This program was built without Vulkan.";

VulkanDevices listVulkanDevices() {
    return {{}, notBuilt};
}

std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions&) {
    throw std::runtime_error(notBuilt);
}

void failVulkanSubmission(int, VulkanFault) {}
void limitVulkanMemory(std::uint64_t) {}
std::vector<std::string> vulkanValidationMessages() {
    return {};
}

} // namespace kernels
