#include "kernels/cuda/shim/shim_device.h"

#include "kernels/cuda/kernels/table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kernels::cuda::shim {
namespace {

constexpr int outOfMemory = 2, invalidValue = 1, launchFailure = 719; // as CUDA numbers them

int wantedError = 0, callsBefore = 0, replayed = 0, multiplied = 0;
bool hasMultiply = false;
std::string lastText;
std::uint64_t memoryLimit = noMemoryLimit, memoryGiven = 0;
MemoryEnd memoryEnd = MemoryEnd::Refused;
std::unordered_map<void*, std::uint64_t> given; // of the card's memory

std::uint64_t bytesLeft() {
    return memoryLimit - std::min(memoryLimit, memoryGiven);
}

struct Graph {
    std::vector<Command> commands;
    std::vector<std::vector<std::byte>> arguments;
};

const char* errorText(int error) {
    return error == launchFailure && !lastText.empty() ? lastText.c_str() : "an error of the shim";
}

int count(int* cards, int* driverVersion, int* runtimeVersion) {
    *cards = 1;
    *driverVersion = *runtimeVersion = 13000;
    return 0;
}

int describe(int, CardInfo* info) {
    *info = {};
    std::snprintf(info->name, sizeof info->name, "Shim");
    info->memoryBytes = std::uint64_t{1} << 30;
    info->major = 9;
    info->multiprocessors = 1;
    return 0;
}

int openDevice(int, void** device) {
    static int shared = 0;
    *device = &shared;
    return 0;
}
void closeDevice(void*) {}

int allocatePinned(void*, std::uint64_t bytes, void** memory) {
    *memory = wantedError == outOfMemory ? nullptr : std::malloc(bytes);
    if (*memory)
        std::memset(*memory, 0xFF, bytes); // whoever reads before writing finds NaN
    return *memory ? 0 : outOfMemory;
}
void releasePinned(void*, void* memory) {
    std::free(memory);
}

int allocate(void* device, std::uint64_t bytes, void** memory) {
    *memory = nullptr;
    if (memoryEnd == MemoryEnd::Refused && bytes > bytesLeft())
        return outOfMemory;
    const int error = allocatePinned(device, bytes, memory);
    if (error == 0) {
        given[*memory] = bytes;
        memoryGiven += bytes;
    }
    return error;
}
void release(void* device, void* memory) {
    memoryGiven -= given.extract(memory).mapped();
    releasePinned(device, memory);
}
int freeMemory(void*, std::uint64_t* bytes) {
    *bytes = memoryEnd == MemoryEnd::Told ? bytesLeft() : noMemoryLimit;
    return 0;
}

int copy(void*, void* to, const void* from, std::uint64_t bytes) {
    std::memcpy(to, from, bytes);
    return 0;
}
int zero(void*, void* memory, std::uint64_t bytes) {
    std::memset(memory, 0, bytes);
    return 0;
}

template <class Number>
float numberAt(const void* base, std::int64_t index) {
    if constexpr (sizeof(Number) == 2)
        return halfToFloat(static_cast<const std::uint16_t*>(base)[index]);
    else
        return static_cast<const float*>(base)[index];
}

template <class Number>
void multiply(const MultiplyArguments& a) {
    for (std::int64_t token = 0; token < a.tokens; ++token)
        for (std::int64_t row = 0; row < a.rows; ++row) {
            float sum = 0;
            for (std::int64_t col = 0; col < a.cols; ++col)
                sum += numberAt<Number>(a.weights, row * a.cols + col) *
                       numberAt<Number>(a.x, token * a.cols + col);
            float& out = a.out[token * a.outCols + row];
            out = a.isAdded ? out + sum : sum;
        }
}

int runOne(const Command& command) {
    switch (command.kind) {
    case CommandKind::Launch: {
        const KernelEntry entry = kernelEntry(command.kernel, command.variant);
        if (!entry.call || entry.argumentBytes != command.argumentBytes)
            return invalidValue;
        launch({command.blocks[0], command.blocks[1], command.blocks[2]}, command.threads, entry.call,
               command.arguments);
        return 0;
    }
    case CommandKind::Zero:
        return zero(nullptr, command.to, command.bytes);
    case CommandKind::Download:
        return copy(nullptr, command.to, command.from, command.bytes);
    case CommandKind::Multiply: {
        ++multiplied;
        const auto& arguments = *static_cast<const MultiplyArguments*>(command.arguments);
        arguments.isHalf ? multiply<std::uint16_t>(arguments) : multiply<float>(arguments);
        return 0;
    }
    }
    return invalidValue;
}

int run(void*, const Command* commands, std::uint64_t count) {
    if (wantedError != 0 && callsBefore-- == 0)
        return std::exchange(wantedError, 0);
    try {
        for (std::uint64_t i = 0; i < count; ++i)
            if (const int error = runOne(commands[i]))
                return error;
    } catch (const KernelError& error) {
        lastText = error.what();
        return launchFailure;
    }
    return 0;
}

int record(void*, const Command* commands, std::uint64_t count, void** graph) {
    auto* const made = new Graph;
    made->commands.assign(commands, commands + count);
    for (Command& command : made->commands) {
        const auto* const bytes = static_cast<const std::byte*>(command.arguments);
        made->arguments.emplace_back(bytes, bytes + command.argumentBytes);
        command.arguments = made->arguments.back().data();
    }
    *graph = made;
    return 0;
}

int replay(void* device, void* graph) {
    ++replayed;
    const auto& recorded = *static_cast<const Graph*>(graph);
    return run(device, recorded.commands.data(), recorded.commands.size());
}

void releaseGraph(void*, void* graph) {
    delete static_cast<Graph*>(graph);
}

int waitForDevice(void*) {
    return 0;
}
int canMultiply(void*) {
    return hasMultiply;
}

} // namespace

const DeviceApi& deviceApi() {
    static constexpr DeviceApi api{apiVersion,  errorText, count,   describe,       openDevice,
                                   closeDevice, allocate,  release, allocatePinned, releasePinned,
                                   freeMemory,  copy,      copy,    zero,           copy,
                                   run,         record,    replay,  releaseGraph,   waitForDevice,
                                   canMultiply};
    return api;
}

void fail(int error, int calls) {
    wantedError = error;
    callsBefore = calls;
}

void limitMemory(std::uint64_t bytes, MemoryEnd end) {
    memoryLimit = bytes == noMemoryLimit ? bytes : memoryGiven + bytes;
    memoryEnd = end;
}

void setCanMultiply(bool can) {
    hasMultiply = can;
}

int replays() {
    return replayed;
}

int multiplications() {
    return multiplied;
}

} // namespace kernels::cuda::shim
