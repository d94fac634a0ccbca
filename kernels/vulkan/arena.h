#pragma once
#include "kernels/vulkan/device.h"

#include <map>
#include <memory>
#include <vector>

namespace kernels::vulkan {

/// Part of a buffer in the device's memory.
struct Slice {
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceSize offset = 0;
    VkDeviceSize size = 0;
    std::byte* mapped = nullptr; // where the host sees it
};

constexpr VkDeviceSize sliceAlignment = 256; // the largest that a device may ask of a descriptor's offset

enum class Place { Local, Host };

/// Cuts slices out of large allocations, of which a driver allows only a few thousand. First fit.
class Arena {
public:
    Arena(Device& device, Place place) : m_device(device), m_place(place) {}
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// Throws std::runtime_error without memory.
    Slice take(VkDeviceSize bytes);
    void giveBack(const Slice& slice);

private:
    struct Block {
        VkBuffer buffer = VK_NULL_HANDLE;
        VkDeviceMemory memory = VK_NULL_HANDLE;
        std::byte* mapped = nullptr;
        VkDeviceSize size = 0;
        std::map<VkDeviceSize, VkDeviceSize> free; // offset -> size
    };
    bool takeFrom(Block& block, VkDeviceSize bytes, Slice& slice);
    void addBlock(VkDeviceSize bytes);
    void destroy(Block& block);

    Device& m_device;
    Place m_place;
    std::vector<Block> m_blocks;
    VkDeviceSize m_given = 0; // bytes of all slices
};

/// Owns a slice.
class Memory {
public:
    Memory() = default;
    Memory(Arena& arena, VkDeviceSize bytes) : m_arena(&arena), m_slice(arena.take(bytes)) {}
    ~Memory() { release(); }
    Memory(Memory&& other) noexcept : m_arena(other.m_arena), m_slice(other.m_slice) {
        other.m_arena = nullptr;
    }
    Memory& operator=(Memory&& other) noexcept {
        if (this != &other) {
            release();
            m_arena = other.m_arena;
            m_slice = other.m_slice;
            other.m_arena = nullptr;
        }
        return *this;
    }
    const Slice& slice() const { return m_slice; }
    VkDeviceSize size() const { return m_arena ? m_slice.size : 0; }

private:
    void release() {
        if (m_arena)
            m_arena->giveBack(m_slice);
        m_arena = nullptr;
    }
    Arena* m_arena = nullptr;
    Slice m_slice;
};

} // namespace kernels::vulkan
