#pragma once
#include "kernels/cuda/device.h"
#include "kernels/cuda_backend.h"

#include <cstdint>
#include <deque>
#include <span>
#include <type_traits>
#include <vector>

namespace kernels::cuda {

struct Blocks {
    std::uint32_t x = 1, y = 1, z = 1;
};

/// Blocks for `items` in kernels that go on by the whole grid.
Blocks blocksFor(std::int64_t items, std::int64_t itemsOfBlock = blockThreads);

/// Collects the commands of a step. One whose commands are those of a step before it, byte for byte, is replayed as a graph, unless graphs
/// are not wanted: what changes from token to token lies in the device's memory.
class Recorder {
public:
    Recorder(Device& device, CudaSteps steps) : m_device(device), m_steps(steps) {}
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Drops what was not submitted.
    void begin();
    /// The step's inputs: words in the device's memory, there before the first command. Their place stays the same as long as they fit.
    const std::int32_t* upload(std::span<const std::int32_t> words);
    template <class Arguments>
    void launch(KernelId kernel, std::uint32_t variant, Blocks blocks, int threads, Arguments arguments) {
        static_assert(std::is_trivially_copyable_v<Arguments>);
#if __has_builtin(__builtin_clear_padding)
        __builtin_clear_padding(&arguments); // so that equal steps are equal byte for byte
#endif
        add({.kind = CommandKind::Launch,
             .kernel = kernel,
             .variant = variant,
             .blocks = {blocks.x, blocks.y, blocks.z},
             .threads = static_cast<std::uint32_t>(threads),
             .argumentBytes = sizeof arguments},
            &arguments);
    }
    void multiply(const MultiplyArguments& arguments);
    void zero(void* memory, std::size_t bytes);
    /// Memory of the host that holds the bytes after wait(), until the next begin().
    const std::byte* download(const void* from, std::size_t bytes);
    /// Memory of the card that only this step's commands use; what it held before is gone where it has to grow.
    std::byte* scratch(Memory& memory, std::size_t bytes);

    void submit();
    void wait();

private:
    struct Graph {
        std::vector<std::byte> key;
        void* handle = nullptr; // none while the step was seen once only
    };
    void add(Command command, const void* arguments);
    std::vector<std::byte> keyOfStep() const;
    void runStep();
    void forgetGraphs();

    Device& m_device;
    CudaSteps m_steps;
    std::vector<Command> m_commands;
    std::deque<std::vector<std::byte>> m_arguments;
    std::deque<Graph> m_graphs; // newest first
    Memory m_pinned, m_inputs;
    std::vector<Memory> m_results; // blocks of pinned memory
    std::size_t m_resultBlock = 0, m_resultUsed = 0;
    std::vector<Memory> m_outgrown;
    bool m_isUploading = false; // pinned memory is still being read
};

} // namespace kernels::cuda
