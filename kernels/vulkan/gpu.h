#pragma once
#include "kernels/backend.h"
#include "kernels/vulkan/arena.h"
#include "kernels/vulkan/pipelines.h"
#include "kernels/vulkan/recorder.h"

#include <bit>
#include <cassert>
#include <initializer_list>
#include <stdexcept>
#include <vector>

namespace kernels::vulkan {

/// Everything that the operations of one backend share.
struct Gpu {
    explicit Gpu(const VulkanOptions& options)
        : device(options), local(device, Place::Local), host(device, Place::Host),
          pipelines(device, options.isChecked), recorder(device, pipelines, local, host) {}

    /// That fit into a binding, with room for where it begins.
    std::int64_t floatsOfBinding() const {
        return device.limits().maxStorageBufferRange / sizeof(float) - 256;
    }

    /// At least so many bytes in `memory`, which grows; what it was before is kept in `outgrown` as long as commands may name it.
    const Slice& scratch(Memory& memory, VkDeviceSize bytes, std::vector<Memory>& outgrown) {
        if (memory.size() < bytes) {
            Memory larger(local, bytes);
            if (memory.size() > 0)
                outgrown.push_back(std::move(memory));
            memory = std::move(larger);
        }
        return memory.slice();
    }

    Device device;
    Arena local, host;
    Pipelines pipelines;
    Recorder recorder;
};

class VulkanBuffer final : public Buffer {
public:
    VulkanBuffer(Gpu& gpu, std::int64_t rows, std::int64_t cols)
        : Buffer(rows, cols), m_memory(gpu.local, static_cast<VkDeviceSize>(rows * cols) * sizeof(float)) {
        gpu.recorder.zero(m_memory.slice());
    }
    const Slice& slice() const { return m_memory.slice(); }
    std::vector<float>& copyForReading() { return m_read; }

private:
    Memory m_memory;
    std::vector<float> m_read; // what read() gave last
};

/// A tensor for a shader: descriptors begin at multiples of what the device asks for.
inline Binding bindingOf(const Gpu& gpu, const Tensor& tensor) {
    assert(tensor.buffer != nullptr && tensor.offset >= 0 && tensor.rows > 0 && tensor.cols > 0);
    assert(tensor.offset + tensor.rows * tensor.cols <= tensor.buffer->rows() * tensor.buffer->cols());
    const Slice& all = static_cast<const VulkanBuffer*>(tensor.buffer)->slice();
    const VkDeviceSize at = all.offset + static_cast<VkDeviceSize>(tensor.offset) * sizeof(float);
    const VkDeviceSize unit = gpu.device.limits().minStorageBufferOffsetAlignment;
    const VkDeviceSize rest = at % unit;
    const VkDeviceSize size = rest + static_cast<VkDeviceSize>(tensor.rows * tensor.cols) * sizeof(float);
    if (size > gpu.device.limits().maxStorageBufferRange)
        throw std::runtime_error(
            "The graphics device cannot take a table of numbers as large as this step has.");
    return {{all.buffer, at - rest, size}, static_cast<std::uint32_t>(rest / sizeof(float))};
}

inline Binding bindingOf(const Gpu& gpu, const Buffer* vector) {
    return bindingOf(gpu, Tensor{const_cast<Buffer*>(vector), 0, vector->rows(), vector->cols()});
}

/// A block of push constants.
class Push {
public:
    Push& add(std::initializer_list<std::int64_t> values) {
        for (const std::int64_t value : values)
            m_words.push_back(static_cast<std::uint32_t>(value));
        return *this;
    }
    Push& add(float value) {
        m_words.push_back(std::bit_cast<std::uint32_t>(value));
        return *this;
    }
    std::span<const std::uint32_t> words() const { return m_words; }

private:
    std::vector<std::uint32_t> m_words;
};

/// Workgroups for `items` in shaders that go on by the whole grid: no more than every device takes.
inline std::uint32_t groupsFor(std::int64_t items, std::int64_t itemsOfGroup = groupSize) {
    constexpr std::int64_t most = 16384;
    return static_cast<std::uint32_t>(
        std::min(most, std::max<std::int64_t>(1, (items + itemsOfGroup - 1) / itemsOfGroup)));
}

} // namespace kernels::vulkan
