#include "kernels/vulkan/cooperative_matrix.h"

#include "kernels/environment.h"
#include "kernels/vulkan/instance.h"

#include <bit>
#include <vector>

namespace kernels::vulkan {
namespace {

/// Those of halves into floats, of a subgroup.
std::vector<MatrixSize> sizesOf(VkPhysicalDevice device) {
    const auto list = reinterpret_cast<PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR>(
        vkGetInstanceProcAddr(volkGetLoadedInstance(), "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"));
    std::uint32_t count = 0;
    if (!list || list(device, &count, nullptr) != VK_SUCCESS)
        return {};
    std::vector<VkCooperativeMatrixPropertiesKHR> offered(
        count, {.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR});
    if (list(device, &count, offered.data()) != VK_SUCCESS)
        return {};
    std::vector<MatrixSize> sizes;
    for (const VkCooperativeMatrixPropertiesKHR& one : offered)
        if (one.scope == VK_SCOPE_SUBGROUP_KHR && one.AType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
            one.BType == VK_COMPONENT_TYPE_FLOAT16_KHR && one.CType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
            one.ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR)
            sizes.push_back({one.MSize, one.NSize, one.KSize});
    return sizes;
}

bool hasFeatures(VkPhysicalDevice device) {
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices{
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR};
    VkPhysicalDeviceVulkan13Features has13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                                           .pNext = &matrices};
    VkPhysicalDeviceVulkan12Features has12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                           .pNext = &has13};
    VkPhysicalDeviceFeatures2 has{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &has12};
    vkGetPhysicalDeviceFeatures2(device, &has);
    return matrices.cooperativeMatrix && has12.shaderFloat16 && has12.vulkanMemoryModel &&
           has13.subgroupSizeControl && has13.computeFullSubgroups;
}

} // namespace

std::optional<CooperativeMatrix> cooperativeMatrixOf(VkPhysicalDevice device) {
    VkPhysicalDeviceVulkan13Properties has13{.sType =
                                                 VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES};
    VkPhysicalDeviceProperties2 properties{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
    vkGetPhysicalDeviceProperties2(device, &properties);
    if (isSetTo("SUMIDERO_VULKAN_MATRICES", "0") || properties.properties.apiVersion < VK_API_VERSION_1_3 ||
        !hasExtension(device, VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME) || !hasFeatures(device))
        return std::nullopt;
    properties.pNext = &has13;
    vkGetPhysicalDeviceProperties2(device, &properties);
    // The smallest subgroups are those that matrices are made for wherever there is a choice: Intel's have 8 or 16 lanes then, AMD's 32.
    const std::uint32_t lanes = has13.minSubgroupSize;
    const bool canBeAsked = (has13.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
                            std::has_single_bit(lanes) && lanes <= matrixInvocations &&
                            matrixInvocations / lanes <= has13.maxComputeWorkgroupSubgroups;
    // Mesa 26.1's software device offers its matrices of 8 x 8 to subgroups of 16 lanes, too, and crashes where they are used.
    const bool isBroken = properties.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU && lanes > 8;
    if (!canBeAsked || isBroken)
        return std::nullopt;
    return chooseMatrix(sizesOf(device), lanes, properties.properties.limits.maxComputeSharedMemorySize);
}

} // namespace kernels::vulkan
