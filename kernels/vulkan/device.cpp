#include "kernels/vulkan/device.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace kernels::vulkan {
namespace {

std::uint32_t computeFamily(VkPhysicalDevice physical) {
    std::uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families.data());
    for (std::uint32_t i = 0; i < count; ++i)
        if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)
            return i;
    throw std::runtime_error("This graphics device cannot compute.");
}

} // namespace

Device::Device(const VulkanOptions& options) : m_instance(Instance::get()) {
    const auto& all = m_instance->devices();
    if (options.device < 0 || static_cast<std::size_t>(options.device) >= all.size())
        throw std::runtime_error("There is no Vulkan device number " + std::to_string(options.device) +
                                 "; there are " + std::to_string(all.size()) + ", counted from 0.");
    m_physical = all[static_cast<std::size_t>(options.device)];
    m_description = describe(m_physical);
    if (!m_description.problem.empty())
        throw std::runtime_error(m_description.name + " cannot be used: " + m_description.problem + ".");

    VkPhysicalDeviceMaintenance3Properties sizes{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    VkPhysicalDeviceSubgroupProperties subgroup{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, .pNext = &sizes};
    VkPhysicalDeviceProperties2 properties{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                           .pNext = &subgroup};
    vkGetPhysicalDeviceProperties2(m_physical, &properties);
    m_limits = properties.properties.limits;
    m_subgroupSize = subgroup.subgroupSize;
    m_largestAllocation = sizes.maxMemoryAllocationSize;
    const bool is13 = properties.properties.apiVersion >= VK_API_VERSION_1_3;

    VkPhysicalDeviceVulkan13Features has13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
    VkPhysicalDeviceVulkan12Features has12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                           .pNext = is13 ? &has13 : nullptr};
    VkPhysicalDeviceFeatures2 has{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &has12};
    vkGetPhysicalDeviceFeatures2(m_physical, &has);
    m_matrix = cooperativeMatrixOf(m_physical);
    m_fullSubgroups = is13 && has13.computeFullSubgroups && has13.subgroupSizeControl;
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR useMatrices{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
        .cooperativeMatrix = VK_TRUE};
    VkPhysicalDeviceVulkan13Features use13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                                           .pNext = m_matrix ? &useMatrices : nullptr,
                                           .subgroupSizeControl = m_fullSubgroups,
                                           .computeFullSubgroups = m_fullSubgroups};
    VkPhysicalDeviceVulkan12Features use12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                           .pNext = is13 ? &use13 : nullptr,
                                           .shaderFloat16 = m_matrix.has_value(),
                                           .timelineSemaphore = VK_TRUE,
                                           .vulkanMemoryModel = m_matrix.has_value()};
    m_tellsMemory = hasExtension(m_physical, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    m_family = computeFamily(m_physical);
    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                        .queueFamilyIndex = m_family,
                                        .queueCount = 1,
                                        .pQueuePriorities = &priority};
    const char* const extensions[] = {VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME};
    const VkDeviceCreateInfo create{.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                    .pNext = &use12,
                                    .queueCreateInfoCount = 1,
                                    .pQueueCreateInfos = &queue,
                                    .enabledExtensionCount = m_matrix ? 1u : 0u,
                                    .ppEnabledExtensionNames = extensions};
    chooseMemory(options.isStaged);
    check(vkCreateDevice(m_physical, &create, nullptr, &m_device), "it was opened");
    vkGetDeviceQueue(m_device, m_family, 0, &m_queue);
}

Device::~Device() {
    if (m_device != VK_NULL_HANDLE)
        vkDestroyDevice(m_device, nullptr);
}

VkDeviceSize Device::freeLocalMemory() const {
    if (!m_tellsMemory)
        return UINT64_MAX;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 memory{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
                                             .pNext = &budget};
    vkGetPhysicalDeviceMemoryProperties2(m_physical, &memory);
    const std::uint32_t heap = memory.memoryProperties.memoryTypes[m_localType].heapIndex;
    return budget.heapBudget[heap] - std::min(budget.heapBudget[heap], budget.heapUsage[heap]);
}

void Device::chooseMemory(bool staged) {
    VkPhysicalDeviceMemoryProperties memory;
    vkGetPhysicalDeviceMemoryProperties(m_physical, &memory);
    const auto find = [&](VkMemoryPropertyFlags wanted) -> int {
        for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i)
            if ((memory.memoryTypes[i].propertyFlags & wanted) == wanted)
                return static_cast<int>(i);
        return -1;
    };
    constexpr VkMemoryPropertyFlags host =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const int cached = find(host | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    m_hostType = static_cast<std::uint32_t>(cached >= 0 ? cached : find(host)); // every device has the second
    // Reading a card's memory through the bus is slow even where it can be mapped.
    const int both =
        m_description.isDiscrete || staged
            ? -1
            : find(host | VK_MEMORY_PROPERTY_HOST_CACHED_BIT | VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    m_unified = both >= 0;
    m_localType = static_cast<std::uint32_t>(m_unified ? both : find(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT));
}

} // namespace kernels::vulkan
