#include "kernels/vulkan/pipelines.h"

namespace kernels::vulkan {

Pipelines::Pipelines(Device& device, bool checked) : m_device(device), m_checked(checked) {
    std::vector<VkDescriptorSetLayoutBinding> bindings;
    for (std::uint32_t i = 0; i < bindingCount; ++i)
        bindings.push_back({.binding = i,
                            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                            .descriptorCount = 1,
                            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT});
    const VkDescriptorSetLayoutCreateInfo set{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                              .bindingCount = bindingCount,
                                              .pBindings = bindings.data()};
    check(vkCreateDescriptorSetLayout(m_device.handle(), &set, nullptr, &m_setLayout), "programs were made");
    const VkPushConstantRange push{.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .offset = 0, .size = pushBytes};
    const VkPipelineLayoutCreateInfo layout{.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                            .setLayoutCount = 1,
                                            .pSetLayouts = &m_setLayout,
                                            .pushConstantRangeCount = 1,
                                            .pPushConstantRanges = &push};
    check(vkCreatePipelineLayout(m_device.handle(), &layout, nullptr, &m_layout), "programs were made");
}

Pipelines::~Pipelines() {
    for (const auto& [key, pipeline] : m_pipelines)
        vkDestroyPipeline(m_device.handle(), pipeline, nullptr);
    vkDestroyPipelineLayout(m_device.handle(), m_layout, nullptr);
    vkDestroyDescriptorSetLayout(m_device.handle(), m_setLayout, nullptr);
}

VkPipeline Pipelines::get(Shader shader, std::span<const std::uint32_t> constants, Workgroup workgroup) {
    std::vector<std::uint32_t> values{workgroup.invocations};
    values.insert(values.end(), constants.begin(), constants.end());
    VkPipeline& pipeline = m_pipelines[{shader, values}];
    if (pipeline != VK_NULL_HANDLE)
        return pipeline;
    const auto code = codeOf(shader, m_checked);
    const VkShaderModuleCreateInfo module{.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                          .codeSize = code.size_bytes(),
                                          .pCode = code.data()};
    VkShaderModule made = VK_NULL_HANDLE;
    check(vkCreateShaderModule(m_device.handle(), &module, nullptr, &made), "a program was made");
    std::vector<VkSpecializationMapEntry> entries;
    for (std::uint32_t i = 0; i < values.size(); ++i)
        entries.push_back({.constantID = i, .offset = 4 * i, .size = 4});
    const VkSpecializationInfo special{.mapEntryCount = static_cast<std::uint32_t>(entries.size()),
                                       .pMapEntries = entries.data(),
                                       .dataSize = 4 * values.size(),
                                       .pData = values.data()};
    const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo required{
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = workgroup.subgroupSize};
    const std::uint32_t lanes = workgroup.subgroupSize ? workgroup.subgroupSize : m_device.subgroupSize();
    const VkPipelineShaderStageCreateFlags full =
        m_device.hasFullSubgroups() && workgroup.invocations % lanes == 0
            ? static_cast<VkPipelineShaderStageCreateFlags>(
                  VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT)
            : 0;
    const VkComputePipelineCreateInfo create{
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = workgroup.subgroupSize ? &required : nullptr,
                  .flags = full,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = made,
                  .pName = "main",
                  .pSpecializationInfo = &special},
        .layout = m_layout};
    const VkResult result =
        vkCreateComputePipelines(m_device.handle(), VK_NULL_HANDLE, 1, &create, nullptr, &pipeline);
    vkDestroyShaderModule(m_device.handle(), made, nullptr);
    check(result, "a program was made");
    return pipeline;
}

} // namespace kernels::vulkan
