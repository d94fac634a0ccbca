#include "kernels/vulkan/arena.h"

#include "kernels/round_up.h"

#include <algorithm>
#include <stdexcept>

namespace kernels::vulkan {
namespace {

constexpr VkDeviceSize blockBytes = 64u << 20;
constexpr const char* doing = "memory was set aside";

} // namespace

Arena::~Arena() {
    for (Block& block : m_blocks)
        destroy(block);
}

void Arena::destroy(Block& block) {
    vkDestroyBuffer(m_device.handle(), block.buffer, nullptr);
    vkFreeMemory(m_device.handle(), block.memory, nullptr);
}

bool Arena::takeFrom(Block& block, VkDeviceSize bytes, Slice& slice) {
    for (auto gap = block.free.begin(); gap != block.free.end(); ++gap) {
        const auto [offset, size] = *gap;
        if (size < bytes)
            continue;
        block.free.erase(gap);
        if (size > bytes)
            block.free[offset + bytes] = size - bytes;
        slice = {block.buffer, offset, bytes, block.mapped ? block.mapped + offset : nullptr};
        m_given += bytes;
        return true;
    }
    return false;
}

void Arena::addBlock(VkDeviceSize bytes) {
    Block block;
    const VkDeviceSize free = m_place == Place::Local ? m_device.freeLocalMemory() : UINT64_MAX;
    if (bytes > free) // a driver may give more and move what others have out of the way, but then all is slow
        check(VK_ERROR_OUT_OF_DEVICE_MEMORY, doing);
    block.size = std::max(bytes, std::min({blockBytes, m_device.largestAllocation(), free}));
    if (block.size > m_device.largestAllocation())
        throw std::runtime_error("The graphics device gives no piece of memory as large as is needed.");
    const VkBufferCreateInfo create{.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                    .size = block.size,
                                    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                                             VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                             VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                    .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
    check(vkCreateBuffer(m_device.handle(), &create, nullptr, &block.buffer), doing);
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(m_device.handle(), block.buffer, &needs);
    const VkMemoryAllocateInfo allocate{.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                        .allocationSize = needs.size,
                                        .memoryTypeIndex = m_place == Place::Local ? m_device.localType()
                                                                                   : m_device.hostType()};
    VkResult result = vkAllocateMemory(m_device.handle(), &allocate, nullptr, &block.memory);
    if (result == VK_SUCCESS)
        result = vkBindBufferMemory(m_device.handle(), block.buffer, block.memory, 0);
    void* mapped = nullptr;
    if (result == VK_SUCCESS && (m_place == Place::Host || m_device.isUnified()))
        result = vkMapMemory(m_device.handle(), block.memory, 0, VK_WHOLE_SIZE, 0, &mapped);
    if (result != VK_SUCCESS)
        destroy(block);
    check(result, doing);
    block.mapped = static_cast<std::byte*>(mapped);
    block.free[0] = block.size;
    m_blocks.push_back(std::move(block));
}

Slice Arena::take(VkDeviceSize bytes) {
    const VkDeviceSize rounded = std::max(roundUp(bytes, sliceAlignment), sliceAlignment);
    const std::uint64_t limit = memoryLimit();
    if ((m_place == Place::Local || limit == 0) && m_given + rounded > limit)
        check(VK_ERROR_OUT_OF_DEVICE_MEMORY, doing);
    Slice slice;
    for (Block& block : m_blocks)
        if (takeFrom(block, rounded, slice))
            return slice;
    addBlock(rounded);
    takeFrom(m_blocks.back(), rounded, slice);
    return slice;
}

void Arena::giveBack(const Slice& slice) {
    m_given -= slice.size;
    const auto block = std::find_if(m_blocks.begin(), m_blocks.end(),
                                    [&](const Block& one) { return one.buffer == slice.buffer; });
    auto [gap, isNew] = block->free.emplace(slice.offset, slice.size);
    const auto next = std::next(gap);
    if (next != block->free.end() && gap->first + gap->second == next->first) {
        gap->second += next->second;
        block->free.erase(next);
    }
    if (gap != block->free.begin()) {
        const auto before = std::prev(gap);
        if (before->first + before->second == gap->first) {
            before->second += gap->second;
            block->free.erase(gap);
        }
    }
    if (block->free.size() == 1 && block->free.begin()->second == block->size && m_blocks.size() > 1) {
        destroy(*block);
        m_blocks.erase(block);
    }
}

} // namespace kernels::vulkan
