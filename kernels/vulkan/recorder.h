#pragma once
#include "kernels/vulkan/arena.h"
#include "kernels/vulkan/pipelines.h"

#include <span>
#include <vector>

namespace kernels::vulkan {

/// Memory that host and device share for one step: inputs on the way there, results on the way back.
class StepMemory {
public:
    explicit StepMemory(Arena& host) : m_host(host) {}
    Slice take(VkDeviceSize bytes);
    void reset() {
        m_block = 0;
        m_used = 0;
    }

private:
    Arena& m_host;
    std::vector<Memory> m_blocks;
    std::size_t m_block = 0;
    VkDeviceSize m_used = 0;
};

/// The bound part of a buffer and where in it, in elements of 4 bytes, the first one is meant.
struct Binding {
    Slice slice;
    std::uint32_t first = 0;
};

/// Records commands, submits them once and waits for them. Everything recorded after a barrier() sees what was written before it.
class Recorder {
public:
    Recorder(Device& device, Pipelines& pipelines, Arena& local, Arena& host);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Drops what was recorded and not submitted.
    void begin();
    void submit();
    /// Throws when the device failed, or when a checked shader was out of bounds.
    void wait();
    /// Whether the last submission is known to have ended.
    bool isIdle() const { return !m_isPending; }

    void barrier();
    /// Bindings by number; `push` is the shader's block, in words.
    void dispatch(VkPipeline pipeline, std::span<const Binding> bindings, std::span<const std::uint32_t> push,
                  std::uint32_t x, std::uint32_t y = 1, std::uint32_t z = 1);
    void fillZero(const Slice& slice);
    void copy(const Slice& from, const Slice& to, VkDeviceSize bytes);
    StepMemory& stepMemory() { return m_stepMemory; }

    // Outside of steps, at once.
    void write(const Slice& to, VkDeviceSize offset, std::span<const std::byte> bytes);
    void read(const Slice& from, VkDeviceSize offset, std::span<std::byte> bytes);
    void zero(const Slice& slice);

private:
    VkDescriptorSet takeSet();
    void checkFaults();

    Device& m_device;
    Pipelines& m_pipelines;
    StepMemory m_stepMemory;
    Memory m_staging; // made when it is first needed
    Memory m_faults;  // of checked shaders
    Arena& m_host;
    VkCommandPool m_commandPool = VK_NULL_HANDLE;
    VkCommandBuffer m_commands = VK_NULL_HANDLE;
    VkSemaphore m_semaphore = VK_NULL_HANDLE;
    std::uint64_t m_submitted = 0; // value of the timeline
    bool m_isRecording = false, m_isPending = false;
    std::vector<VkDescriptorPool> m_pools;
    std::size_t m_setsTaken = 0;
};

} // namespace kernels::vulkan
