#include "kernels/cuda/recorder.h"

#include <algorithm>
#include <cstring>

namespace kernels::cuda {
namespace {

// Shapes of steps that come again and again: with capture and without, with logits and without, and room for a cache that grows.
constexpr std::size_t mostGraphs = 8;
constexpr std::size_t mostGraphCommands = 20'000;
constexpr std::size_t resultBlockBytes = 1 << 20;

constexpr std::size_t aligned(std::size_t bytes) {
    return (bytes + 255) / 256 * 256;
}

} // namespace

Blocks blocksFor(std::int64_t items, std::int64_t itemsOfBlock) {
    constexpr std::int64_t most = 16384;
    return {static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((items + itemsOfBlock - 1) / itemsOfBlock, 1, most))};
}

Recorder::~Recorder() {
    forgetGraphs();
}

void Recorder::forgetGraphs() {
    for (const Graph& graph : m_graphs)
        if (graph.handle)
            m_device.api().releaseGraph(m_device.handle(), graph.handle);
    m_graphs.clear();
}

void Recorder::begin() {
    m_commands.clear();
    m_arguments.clear();
    m_outgrown.clear();
    m_resultBlock = m_resultUsed = 0;
    if (m_isUploading) // of a step that was dropped
        wait();
}

const std::int32_t* Recorder::upload(std::span<const std::int32_t> words) {
    const std::size_t bytes = words.size_bytes();
    if (m_inputs.size() < bytes) {
        const std::size_t room = std::max<std::size_t>(aligned(2 * bytes), 1 << 16);
        m_inputs = Memory(m_device, room);
        m_pinned = Memory(m_device, room, Where::Host);
    }
    if (bytes > 0) {
        std::memcpy(m_pinned.data(), words.data(), bytes);
        m_device.check(m_device.api().uploadLater(m_device.handle(), m_inputs.data(), m_pinned.data(), bytes),
                       "a step's inputs went there");
        m_isUploading = true;
    }
    return m_inputs.as<std::int32_t>();
}

void Recorder::add(Command command, const void* arguments) {
    if (arguments) {
        const auto* const bytes = static_cast<const std::byte*>(arguments);
        command.arguments = m_arguments.emplace_back(bytes, bytes + command.argumentBytes).data();
    }
    m_commands.push_back(command);
}

void Recorder::multiply(const MultiplyArguments& arguments) {
    add({.kind = CommandKind::Multiply, .argumentBytes = sizeof arguments}, &arguments);
}

void Recorder::zero(void* memory, std::size_t bytes) {
    add({.kind = CommandKind::Zero, .to = memory, .bytes = bytes}, nullptr);
}

const std::byte* Recorder::download(const void* from, std::size_t bytes) {
    while (m_resultBlock < m_results.size() && m_resultUsed + bytes > m_results[m_resultBlock].size()) {
        ++m_resultBlock;
        m_resultUsed = 0;
    }
    if (m_resultBlock == m_results.size())
        m_results.emplace_back(m_device, std::max(bytes, resultBlockBytes), Where::Host);
    std::byte* const to = m_results[m_resultBlock].data() + m_resultUsed;
    m_resultUsed += aligned(bytes);
    add({.kind = CommandKind::Download, .to = to, .from = from, .bytes = bytes}, nullptr);
    return to;
}

std::byte* Recorder::scratch(Memory& memory, std::size_t bytes) {
    if (memory.size() < bytes) {
        Memory larger(m_device, aligned(bytes + bytes / 2));
        if (memory.size() > 0)
            m_outgrown.push_back(std::move(memory)); // commands of this step may name it
        memory = std::move(larger);
    }
    return memory.data();
}

/// Everything that the commands say. Their addresses of arguments are left out: the arguments themselves follow.
std::vector<std::byte> Recorder::keyOfStep() const {
    std::vector<std::byte> key;
    const auto append = [&](const void* data, std::size_t bytes) {
        const auto* const from = static_cast<const std::byte*>(data);
        key.insert(key.end(), from, from + bytes);
    };
    for (Command command : m_commands) {
        const void* const arguments = std::exchange(command.arguments, nullptr);
        append(&command, sizeof command);
        if (arguments)
            append(arguments, command.argumentBytes);
    }
    return key;
}

void Recorder::submit() {
    if (m_commands.empty())
        return;
    try {
        runStep();
    } catch (...) {
        forgetGraphs(); // of a device that has failed
        throw;
    }
}

/// A step is recorded when it comes for the second time: prompts seldom do, tokens always.
void Recorder::runStep() {
    const DeviceApi& api = m_device.api();
    const auto runNow = [&] {
        m_device.check(api.run(m_device.handle(), m_commands.data(), m_commands.size()), "a step began");
    };
    if (m_steps == CudaSteps::Commands || m_commands.size() > mostGraphCommands)
        return runNow();
    std::vector<std::byte> key = keyOfStep();
    const auto found =
        std::find_if(m_graphs.begin(), m_graphs.end(), [&](const Graph& graph) { return graph.key == key; });
    if (found == m_graphs.end()) {
        m_graphs.push_front({std::move(key), nullptr});
        if (m_graphs.size() > mostGraphs) {
            if (m_graphs.back().handle)
                api.releaseGraph(m_device.handle(), m_graphs.back().handle);
            m_graphs.pop_back();
        }
        return runNow();
    }
    if (!found->handle)
        m_device.check(api.record(m_device.handle(), m_commands.data(), m_commands.size(), &found->handle),
                       "a step was recorded");
    std::rotate(m_graphs.begin(), found, found + 1);
    m_device.check(api.replay(m_device.handle(), m_graphs.front().handle), "a step began");
}

void Recorder::wait() {
    m_isUploading = false;
    m_device.check(m_device.api().wait(m_device.handle()), "it ran a step");
}

} // namespace kernels::cuda
