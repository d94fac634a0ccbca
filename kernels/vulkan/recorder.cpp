#include "kernels/vulkan/recorder.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace kernels::vulkan {
namespace {

constexpr std::uint32_t setsOfPool = 256;
constexpr VkDeviceSize stagingBytes = 4u << 20;
constexpr VkDeviceSize stepBlockBytes = 1u << 20;

} // namespace

Slice StepMemory::take(VkDeviceSize bytes) {
    const VkDeviceSize rounded = (std::max<VkDeviceSize>(bytes, 4) + 255) / 256 * 256;
    while (m_block < m_blocks.size() && m_used + rounded > m_blocks[m_block].size()) {
        ++m_block;
        m_used = 0;
    }
    if (m_block == m_blocks.size())
        m_blocks.emplace_back(m_host, std::max(rounded, stepBlockBytes));
    const Slice& block = m_blocks[m_block].slice();
    const Slice slice{block.buffer, block.offset + m_used, rounded, block.mapped + m_used};
    m_used += rounded;
    return slice;
}

Recorder::Recorder(Device& device, Pipelines& pipelines, Arena& local, Arena& host)
    : m_device(device), m_pipelines(pipelines), m_stepMemory(host), m_host(host) {
    const VkCommandPoolCreateInfo pool{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                       .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                       .queueFamilyIndex = device.family()};
    check(vkCreateCommandPool(device.handle(), &pool, nullptr, &m_commandPool), "it was opened");
    const VkCommandBufferAllocateInfo buffer{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                             .commandPool = m_commandPool,
                                             .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                             .commandBufferCount = 1};
    check(vkAllocateCommandBuffers(device.handle(), &buffer, &m_commands), "it was opened");
    const VkSemaphoreTypeCreateInfo type{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                         .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo semaphore{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    check(vkCreateSemaphore(device.handle(), &semaphore, nullptr, &m_semaphore), "it was opened");
    if (pipelines.areChecked()) {
        m_faults = Memory(host, 4);
        std::memset(m_faults.slice().mapped, 0, 4);
    }
}

Recorder::~Recorder() {
    vkDeviceWaitIdle(m_device.handle());
    for (const VkDescriptorPool pool : m_pools)
        vkDestroyDescriptorPool(m_device.handle(), pool, nullptr);
    vkDestroySemaphore(m_device.handle(), m_semaphore, nullptr);
    vkDestroyCommandPool(m_device.handle(), m_commandPool, nullptr);
}

void Recorder::begin() {
    assert(!m_isPending);
    check(vkResetCommandBuffer(m_commands, 0), "a step began"); // drops what was there
    for (const VkDescriptorPool pool : m_pools)
        check(vkResetDescriptorPool(m_device.handle(), pool, 0), "a step began");
    m_setsTaken = 0;
    m_stepMemory.reset();
    const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                         .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    check(vkBeginCommandBuffer(m_commands, &begin), "a step began");
    m_isRecording = true;
}

void Recorder::submit() {
    assert(m_isRecording);
    const VkMemoryBarrier toHost{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                 .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT};
    vkCmdPipelineBarrier(m_commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                         VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &toHost, 0, nullptr, 0, nullptr);
    m_isRecording = false;
    check(vkEndCommandBuffer(m_commands), "a step was recorded");
    const std::uint64_t value = m_submitted + 1;
    const VkTimelineSemaphoreSubmitInfo timeline{.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                                 .signalSemaphoreValueCount = 1,
                                                 .pSignalSemaphoreValues = &value};
    const VkSubmitInfo submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                              .pNext = &timeline,
                              .commandBufferCount = 1,
                              .pCommandBuffers = &m_commands,
                              .signalSemaphoreCount = 1,
                              .pSignalSemaphores = &m_semaphore};
    const VkResult fault = injectedFault();
    check(fault == VK_SUCCESS ? vkQueueSubmit(m_device.queue(), 1, &submit, VK_NULL_HANDLE) : fault,
          "a step was begun");
    m_submitted = value;
    m_isPending = true;
}

void Recorder::wait() {
    assert(m_isPending);
    m_isPending = false;
    const VkSemaphoreWaitInfo wait{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                   .semaphoreCount = 1,
                                   .pSemaphores = &m_semaphore,
                                   .pValues = &m_submitted};
    check(vkWaitSemaphores(m_device.handle(), &wait, UINT64_MAX), "it was computing");
    if (m_pipelines.areChecked())
        checkFaults();
}

void Recorder::checkFaults() {
    std::uint32_t fault = 0;
    std::memcpy(&fault, m_faults.slice().mapped, sizeof fault);
    std::memset(m_faults.slice().mapped, 0, sizeof fault);
    if (fault != 0)
        throw std::runtime_error("A program of the graphics device reached out of its memory.");
}

void Recorder::barrier() {
    constexpr VkAccessFlags all = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                                  VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    const VkMemoryBarrier barrier{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                  .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                  .dstAccessMask = all};
    constexpr VkPipelineStageFlags stages =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    vkCmdPipelineBarrier(m_commands, stages, stages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

VkDescriptorSet Recorder::takeSet() {
    const std::size_t pool = m_setsTaken++ / setsOfPool;
    if (pool == m_pools.size()) {
        const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, setsOfPool * bindingCount};
        const VkDescriptorPoolCreateInfo create{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                                .maxSets = setsOfPool,
                                                .poolSizeCount = 1,
                                                .pPoolSizes = &size};
        VkDescriptorPool made = VK_NULL_HANDLE;
        check(vkCreateDescriptorPool(m_device.handle(), &create, nullptr, &made), "a step was recorded");
        m_pools.push_back(made);
    }
    const VkDescriptorSetLayout layout = m_pipelines.setLayout();
    const VkDescriptorSetAllocateInfo allocate{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                               .descriptorPool = m_pools[pool],
                                               .descriptorSetCount = 1,
                                               .pSetLayouts = &layout};
    VkDescriptorSet set = VK_NULL_HANDLE;
    check(vkAllocateDescriptorSets(m_device.handle(), &allocate, &set), "a step was recorded");
    return set;
}

void Recorder::dispatch(VkPipeline pipeline, std::span<const Binding> bindings,
                        std::span<const std::uint32_t> push, std::uint32_t x, std::uint32_t y,
                        std::uint32_t z) {
    assert(m_isRecording && bindings.size() < bindingCount && push.size_bytes() <= pushBytes);
    const VkDescriptorSet set = takeSet();
    VkDescriptorBufferInfo infos[bindingCount];
    VkWriteDescriptorSet writes[bindingCount];
    std::uint32_t count = 0;
    const auto add = [&](std::uint32_t number, const Slice& slice) {
        assert(slice.size > 0 && slice.size <= m_device.limits().maxStorageBufferRange);
        infos[count] = {slice.buffer, slice.offset, slice.size};
        writes[count] = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                         .dstSet = set,
                         .dstBinding = number,
                         .descriptorCount = 1,
                         .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                         .pBufferInfo = &infos[count]};
        ++count;
    };
    for (std::uint32_t i = 0; i < bindings.size(); ++i)
        add(i, bindings[i].slice);
    if (m_pipelines.areChecked())
        add(faultBinding, {m_faults.slice().buffer, m_faults.slice().offset, 4});
    vkUpdateDescriptorSets(m_device.handle(), count, writes, 0, nullptr);
    vkCmdBindPipeline(m_commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    vkCmdBindDescriptorSets(m_commands, VK_PIPELINE_BIND_POINT_COMPUTE, m_pipelines.layout(), 0, 1, &set, 0,
                            nullptr);
    vkCmdPushConstants(m_commands, m_pipelines.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                       static_cast<std::uint32_t>(push.size_bytes()), push.data());
    vkCmdDispatch(m_commands, x, y, z);
}

void Recorder::fillZero(const Slice& slice) {
    vkCmdFillBuffer(m_commands, slice.buffer, slice.offset, slice.size, 0);
}

void Recorder::copy(const Slice& from, const Slice& to, VkDeviceSize bytes) {
    const VkBufferCopy region{from.offset, to.offset, bytes};
    vkCmdCopyBuffer(m_commands, from.buffer, to.buffer, 1, &region);
}

void Recorder::write(const Slice& to, VkDeviceSize offset, std::span<const std::byte> bytes) {
    if (to.mapped) {
        std::memcpy(to.mapped + offset, bytes.data(), bytes.size());
        return;
    }
    if (m_staging.size() == 0)
        m_staging = Memory(m_host, stagingBytes);
    for (std::size_t at = 0; at < bytes.size(); at += stagingBytes) {
        const std::size_t count = std::min<std::size_t>(stagingBytes, bytes.size() - at);
        std::memcpy(m_staging.slice().mapped, bytes.data() + at, count);
        begin();
        copy(m_staging.slice(), {to.buffer, to.offset + offset + at}, count);
        submit();
        wait();
    }
}

void Recorder::read(const Slice& from, VkDeviceSize offset, std::span<std::byte> bytes) {
    if (from.mapped) {
        std::memcpy(bytes.data(), from.mapped + offset, bytes.size());
        return;
    }
    if (m_staging.size() == 0)
        m_staging = Memory(m_host, stagingBytes);
    for (std::size_t at = 0; at < bytes.size(); at += stagingBytes) {
        const std::size_t count = std::min<std::size_t>(stagingBytes, bytes.size() - at);
        begin();
        copy({from.buffer, from.offset + offset + at}, m_staging.slice(), count);
        submit();
        wait();
        std::memcpy(bytes.data() + at, m_staging.slice().mapped, count);
    }
}

void Recorder::zero(const Slice& slice) {
    if (slice.mapped) {
        std::memset(slice.mapped, 0, slice.size);
        return;
    }
    begin();
    fillZero(slice);
    submit();
    wait();
}

} // namespace kernels::vulkan
