#pragma once
#include "kernels/cuda/arguments.h"

#include <cstddef>
#include <cstdint>

// The border between the program and the library that is made by nvcc: C functions, plain structures and a version. The library is loaded
// at run time, so that the program starts on machines without anything of NVIDIA's; the shim is another implementation, for tests.
namespace kernels::cuda {

/// Changes whenever anything that crosses the border does, the arguments of kernels included.
constexpr std::uint32_t apiVersion = 3;
/// The library's one exported function: `const DeviceApi* sumideroCudaApi()`.
constexpr const char* apiEntry = "sumideroCudaApi";

enum class CommandKind : std::uint32_t {
    Launch,
    Zero,     // `bytes` at `to`
    Download, // `bytes` from `from` in the device's memory to pinned memory at `to`
    Multiply  // MultiplyArguments, through cuBLAS
};

/// One thing for the device to do. Commands run in order, each sees what those before it have written.
struct Command {
    CommandKind kind = CommandKind::Launch;
    KernelId kernel = KernelId::Embed;
    std::uint32_t variant = 0;
    std::uint32_t blocks[3] = {1, 1, 1};
    std::uint32_t threads = 0;
    std::uint32_t argumentBytes = 0;
    const void* arguments = nullptr; // of a kernel or of Multiply
    void* to = nullptr;
    const void* from = nullptr;
    std::uint64_t bytes = 0;
};

/// out (tokens, outCols) = x (tokens, cols) times the transpose of weights (rows, cols), plus what is there if isAdded.
struct MultiplyArguments {
    const void* weights; // both float32 or both half
    const void* x;
    float* out;
    std::int32_t isHalf;
    std::int32_t rows, cols, tokens, outCols;
    std::int32_t isAdded;
};

struct CardInfo {
    char name[256];
    std::uint64_t memoryBytes;
    std::int32_t major, minor; // compute capability
    std::int32_t multiprocessors;
};

/// Errors are CUDA's own numbers; 0 is none. One thread at a time uses a device.
struct DeviceApi {
    std::uint32_t version; // apiVersion; comes first for ever
    const char* (*errorText)(int error);
    /// Versions as CUDA counts them (13000 = 13.0); a driver's 0: there is none.
    int (*count)(int* cards, int* driverVersion, int* runtimeVersion);
    int (*describe)(int card, CardInfo* info);

    int (*open)(int card, void** device);
    void (*close)(void* device);
    int (*allocate)(void* device, std::uint64_t bytes, void** memory);
    void (*release)(void* device, void* memory);
    int (*allocatePinned)(void* device, std::uint64_t bytes, void** memory); // of the host
    void (*releasePinned)(void* device, void* memory);
    /// How much more of the card's memory the program should take: what is free, less what CUDA takes by itself when it first needs it.
    int (*freeMemory)(void* device, std::uint64_t* bytes);

    // At once: what was enqueued before has happened, and so has this, on return.
    int (*upload)(void* device, void* to, const void* from, std::uint64_t bytes);
    int (*download)(void* device, void* to, const void* from, std::uint64_t bytes);
    int (*zero)(void* device, void* memory, std::uint64_t bytes);

    // A step. Pinned memory that a step reads stays as it is until wait().
    int (*uploadLater)(void* device, void* to, const void* pinned, std::uint64_t bytes);
    int (*run)(void* device, const Command* commands, std::uint64_t count);
    /// Commands, with their arguments, as a graph that is launched in one go.
    int (*record)(void* device, const Command* commands, std::uint64_t count, void** graph);
    int (*replay)(void* device, void* graph);
    void (*releaseGraph)(void* device, void* graph);
    int (*wait)(void* device);

    /// Whether there is a library for CommandKind::Multiply; looked for when it is first asked.
    int (*canMultiply)(void* device);
};

} // namespace kernels::cuda
