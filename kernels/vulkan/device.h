#pragma once
#include "kernels/vulkan/cooperative_matrix.h"
#include "kernels/vulkan/instance.h"

#include <cstddef>
#include <memory>

namespace kernels::vulkan {

/// One opened device with its one queue. Engine thread only.
class Device {
public:
    explicit Device(const VulkanOptions& options);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    VkDevice handle() const { return m_device; }
    VkQueue queue() const { return m_queue; }
    std::uint32_t family() const { return m_family; }
    const VulkanDevice& description() const { return m_description; }
    const VkPhysicalDeviceLimits& limits() const { return m_limits; }
    std::uint32_t subgroupSize() const { return m_subgroupSize; }
    bool hasFullSubgroups() const { return m_fullSubgroups; }
    /// What products of many tokens may take.
    const std::optional<CooperativeMatrix>& matrix() const { return m_matrix; }
    /// Whether the host reads and writes the device's memory directly.
    bool isUnified() const { return m_unified; }
    VkDeviceSize largestAllocation() const { return m_largestAllocation; }
    /// How much more of its own memory there is for this program without pushing others out; where the driver does not tell, all.
    VkDeviceSize freeLocalMemory() const;
    /// Memory types.
    std::uint32_t localType() const { return m_localType; }
    std::uint32_t hostType() const { return m_hostType; }

private:
    void chooseMemory(bool staged);

    std::shared_ptr<Instance> m_instance;
    VkPhysicalDevice m_physical = VK_NULL_HANDLE;
    VulkanDevice m_description;
    VkPhysicalDeviceLimits m_limits{};
    std::uint32_t m_subgroupSize = 0;
    bool m_fullSubgroups = false;
    std::optional<CooperativeMatrix> m_matrix;
    bool m_unified = false;
    bool m_tellsMemory = false; // VK_EXT_memory_budget
    VkDeviceSize m_largestAllocation = 0;
    std::uint32_t m_localType = 0, m_hostType = 0, m_family = 0;
    VkDevice m_device = VK_NULL_HANDLE;
    VkQueue m_queue = VK_NULL_HANDLE;
};

} // namespace kernels::vulkan
