#include "kernels/vulkan/instance.h"

#include "kernels/environment.h"
#include "kernels/vulkan/cooperative_matrix.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace kernels::vulkan {
namespace {

std::mutex guard;
std::weak_ptr<Instance> shared;
std::mutex messageGuard;
std::vector<std::string> messages;

VKAPI_ATTR VkBool32 VKAPI_CALL onMessage(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                         VkDebugUtilsMessageTypeFlagsEXT,
                                         const VkDebugUtilsMessengerCallbackDataEXT* data, void*) {
    const std::lock_guard lock(messageGuard);
    messages.emplace_back(data->pMessage);
    return VK_FALSE;
}

bool wantsValidation() {
    return isSetTo("SUMIDERO_VULKAN_VALIDATION", "1");
}

} // namespace

bool hasExtension(VkPhysicalDevice device, std::string_view name) {
    std::uint32_t count = 0;
    vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
    std::vector<VkExtensionProperties> extensions(count);
    vkEnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data());
    return std::any_of(extensions.begin(), extensions.end(),
                       [&](const VkExtensionProperties& one) { return one.extensionName == name; });
}

std::vector<std::string> validationMessages() {
    const std::lock_guard lock(messageGuard);
    return messages;
}

std::shared_ptr<Instance> Instance::get() {
    const std::lock_guard lock(guard);
    auto instance = shared.lock();
    if (!instance) {
        instance = std::shared_ptr<Instance>(new Instance());
        shared = instance;
    }
    return instance;
}

Instance::Instance() {
    if (volkInitialize() != VK_SUCCESS)
        throw std::runtime_error(
            "There is no Vulkan on this machine (its loader, libvulkan.so.1, is missing).");
    VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                  .pApplicationName = "Sumidero",
                                  .apiVersion = VK_API_VERSION_1_3};
    const VkValidationFeatureEnableEXT enabled[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    const VkDebugUtilsMessengerCreateInfoEXT messenger{
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType =
            VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = onMessage};
    const VkValidationFeaturesEXT features{.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                           .pNext = &messenger,
                                           .enabledValidationFeatureCount = 1,
                                           .pEnabledValidationFeatures = enabled};
    const char* const layers[] = {"VK_LAYER_KHRONOS_validation"};
    const char* const extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME};
    VkInstanceCreateInfo create{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                .pApplicationInfo = &application};
    if (wantsValidation()) {
        create.pNext = &features;
        create.enabledLayerCount = 1;
        create.ppEnabledLayerNames = layers;
        create.enabledExtensionCount = 1;
        create.ppEnabledExtensionNames = extensions;
    }
    const VkResult result = vkCreateInstance(&create, nullptr, &m_instance);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        throw std::runtime_error("There is no Vulkan driver on this machine.");
    check(result, "Vulkan started");
    volkLoadInstance(m_instance);
    if (wantsValidation())
        check(vkCreateDebugUtilsMessengerEXT(m_instance, &messenger, nullptr, &m_messenger),
              "Vulkan started");
    std::uint32_t count = 0;
    check(vkEnumeratePhysicalDevices(m_instance, &count, nullptr), "devices were listed");
    m_devices.resize(count);
    check(vkEnumeratePhysicalDevices(m_instance, &count, m_devices.data()), "devices were listed");
}

Instance::~Instance() {
    if (m_messenger != VK_NULL_HANDLE)
        vkDestroyDebugUtilsMessengerEXT(m_instance, m_messenger, nullptr);
    vkDestroyInstance(m_instance, nullptr);
}

VulkanDevice describe(VkPhysicalDevice device) {
    VkPhysicalDeviceSubgroupProperties subgroup{.sType =
                                                    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
    VkPhysicalDeviceProperties2 properties{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                           .pNext = &subgroup};
    vkGetPhysicalDeviceProperties2(device, &properties);
    const VkPhysicalDeviceProperties& plain = properties.properties;
    VulkanDevice found;
    found.name = plain.deviceName;
    found.isSoftware = plain.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    found.isDiscrete = plain.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    found.features = "Vulkan " + std::to_string(VK_API_VERSION_MAJOR(plain.apiVersion)) + "." +
                     std::to_string(VK_API_VERSION_MINOR(plain.apiVersion)) + ", subgroups of " +
                     std::to_string(subgroup.subgroupSize);
    if (const auto matrix = cooperativeMatrixOf(device))
        found.features += ", cooperative matrices of " + std::to_string(matrix->size.rows) + " x " +
                          std::to_string(matrix->size.columns) + " x " + std::to_string(matrix->size.depth);
    VkPhysicalDeviceMemoryProperties memory;
    vkGetPhysicalDeviceMemoryProperties(device, &memory);
    for (std::uint32_t i = 0; i < memory.memoryHeapCount; ++i)
        if (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
            found.memoryBytes = std::max<std::uint64_t>(found.memoryBytes, memory.memoryHeaps[i].size);
    constexpr std::uint32_t storageBuffers = 12; // kernels/vulkan/pipelines.h
    const bool reduces = (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) != 0 &&
                         (subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
    if (plain.apiVersion < VK_API_VERSION_1_2)
        found.problem = "its driver knows less than Vulkan 1.2";
    else if (!reduces || subgroup.subgroupSize < 2 || subgroup.subgroupSize > 64)
        found.problem = "it cannot add across the lanes of a subgroup";
    else if (plain.limits.maxPerStageDescriptorStorageBuffers < storageBuffers)
        found.problem = "a program may use too few buffers";
    return found;
}

} // namespace kernels::vulkan
