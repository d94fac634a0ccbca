#pragma once
#include "kernels/vulkan/api.h"
#include "kernels/vulkan_backend.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kernels::vulkan {

/// The loader's instance, shared by all devices; made by the first who asks and gone with the last. Any thread.
class Instance {
public:
    /// Throws std::runtime_error with a sentence: no loader, no driver.
    static std::shared_ptr<Instance> get();
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const std::vector<VkPhysicalDevice>& devices() const { return m_devices; }

private:
    Instance();

    VkInstance m_instance = VK_NULL_HANDLE;
    VkDebugUtilsMessengerEXT m_messenger = VK_NULL_HANDLE;
    std::vector<VkPhysicalDevice> m_devices;
};

VulkanDevice describe(VkPhysicalDevice device);
bool hasExtension(VkPhysicalDevice device, std::string_view name);

/// What the validation layer has said in this process; it is on, with synchronisation validation, where the environment variable
/// SUMIDERO_VULKAN_VALIDATION is 1.
std::vector<std::string> validationMessages();

} // namespace kernels::vulkan
