// The library for NVIDIA cards: kernels and CUDA's runtime (linked in) behind device_api.h. Made by nvcc, loaded when somebody asks for a
// card.
#include "kernels/cuda/device_api.h"
#include "kernels/cuda/kernels/table.h"
#include "kernels/cuda/module/cublas.h"

#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

namespace kernels::cuda {
namespace {

struct OpenDevice {
    int card = 0;
    cudaStream_t stream = nullptr;
    Cublas cublas;
};

OpenDevice& opened(void* device) {
    return *static_cast<OpenDevice*>(device);
}

const char* errorText(int error) {
    return cudaGetErrorString(static_cast<cudaError_t>(error));
}

int count(int* cards, int* driverVersion, int* runtimeVersion) {
    *cards = *driverVersion = *runtimeVersion = 0;
    cudaDriverGetVersion(driverVersion);
    cudaRuntimeGetVersion(runtimeVersion);
    const cudaError_t error = cudaGetDeviceCount(cards);
    cudaGetLastError(); // the next call is not to report it again
    return error;
}

int describe(int card, CardInfo* info) {
    cudaDeviceProp found;
    if (const cudaError_t error = cudaGetDeviceProperties(&found, card))
        return error;
    *info = {};
    std::snprintf(info->name, sizeof info->name, "%s", found.name);
    info->memoryBytes = found.totalGlobalMem;
    info->major = found.major;
    info->minor = found.minor;
    info->multiprocessors = found.multiProcessorCount;
    return 0;
}

int openCard(int card, void** device) {
    if (const cudaError_t error = cudaSetDevice(card))
        return error;
    auto* const made = new OpenDevice;
    made->card = card;
    if (const cudaError_t error = cudaStreamCreateWithFlags(&made->stream, cudaStreamNonBlocking)) {
        delete made;
        return error;
    }
    *device = made;
    return 0;
}

void closeCard(void* device) {
    if (!device)
        return;
    cudaStreamDestroy(opened(device).stream);
    delete &opened(device);
}

/// Every call may come from another thread than the one before it.
cudaError_t select(void* device) {
    return cudaSetDevice(opened(device).card);
}

int waitFor(void* device) {
    if (const cudaError_t error = select(device))
        return error;
    const cudaError_t error = cudaStreamSynchronize(opened(device).stream);
    cudaGetLastError();
    return error;
}

int allocate(void* device, std::uint64_t bytes, void** memory) {
    if (const cudaError_t error = select(device))
        return error;
    const cudaError_t error = cudaMalloc(memory, bytes);
    cudaGetLastError(); // want of memory is no fault of what follows
    return error;
}
void release(void* device, void* memory) {
    select(device);
    cudaFree(memory);
}
int allocatePinned(void* device, std::uint64_t bytes, void** memory) {
    if (const cudaError_t error = select(device))
        return error;
    const cudaError_t error = cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
    cudaGetLastError();
    return error;
}
void releasePinned(void* device, void* memory) {
    select(device);
    cudaFreeHost(memory);
}

// Of the card, for what comes by itself: the code of kernels and graphs, and cuBLAS with a workspace of 32 MiB on Hopper (so its
// documentation) and kernels of its own. Four times that workspace; how much it is has not been seen on a card.
constexpr std::uint64_t bytesForCuda = std::uint64_t{128} << 20;

int freeMemory(void* device, std::uint64_t* bytes) {
    if (const cudaError_t error = select(device))
        return error;
    int isIntegrated = 0;
    cudaDeviceGetAttribute(&isIntegrated, cudaDevAttrIntegrated, opened(device).card);
    std::size_t free = 0, all = 0;
    const cudaError_t error = cudaMemGetInfo(&free, &all);
    *bytes = free > bytesForCuda ? free - bytesForCuda : 0;
    if (isIntegrated) // its memory is the host's, and what files are cached in counts as taken although it is given when it is asked for
        *bytes = UINT64_MAX;
    return error;
}

int copyNow(void* device, void* to, const void* from, std::uint64_t bytes) {
    if (const cudaError_t error = select(device))
        return error;
    if (const cudaError_t error =
            cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, opened(device).stream))
        return error;
    return waitFor(device);
}

int zeroNow(void* device, void* memory, std::uint64_t bytes) {
    if (const cudaError_t error = select(device))
        return error;
    if (const cudaError_t error = cudaMemsetAsync(memory, 0, bytes, opened(device).stream))
        return error;
    return waitFor(device);
}

int uploadLater(void* device, void* to, const void* pinned, std::uint64_t bytes) {
    if (const cudaError_t error = select(device))
        return error;
    return cudaMemcpyAsync(to, pinned, bytes, cudaMemcpyHostToDevice, opened(device).stream);
}

int runOne(OpenDevice& device, const Command& command) {
    switch (command.kind) {
    case CommandKind::Launch: {
        const KernelEntry entry = kernelEntry(command.kernel, command.variant);
        if (!entry.function || entry.argumentBytes != command.argumentBytes)
            return cudaErrorInvalidValue;
        void* arguments[] = {const_cast<void*>(command.arguments)};
        return cudaLaunchKernel(entry.function, {command.blocks[0], command.blocks[1], command.blocks[2]},
                                {command.threads}, arguments, 0, device.stream);
    }
    case CommandKind::Zero:
        return cudaMemsetAsync(command.to, 0, command.bytes, device.stream);
    case CommandKind::Download:
        return cudaMemcpyAsync(command.to, command.from, command.bytes, cudaMemcpyDeviceToHost,
                               device.stream);
    case CommandKind::Multiply:
        return device.cublas.multiply(*static_cast<const MultiplyArguments*>(command.arguments),
                                      device.stream);
    }
    return cudaErrorInvalidValue;
}

int run(void* device, const Command* commands, std::uint64_t number) {
    if (const cudaError_t error = select(device))
        return error;
    for (std::uint64_t i = 0; i < number; ++i)
        if (const int error = runOne(opened(device), commands[i])) {
            cudaGetLastError();
            return error;
        }
    return 0;
}

int record(void* device, const Command* commands, std::uint64_t number, void** graph) {
    if (const cudaError_t error = select(device))
        return error;
    const cudaStream_t stream = opened(device).stream;
    if (const cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal))
        return error;
    const int failed = run(device, commands, number);
    cudaGraph_t captured = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(stream, &captured);
    cudaGraphExec_t made = nullptr;
    const int error = failed ? failed : ended ? ended : cudaGraphInstantiate(&made, captured, 0);
    if (captured)
        cudaGraphDestroy(captured);
    cudaGetLastError();
    *graph = made;
    return error;
}

int replay(void* device, void* graph) {
    if (const cudaError_t error = select(device))
        return error;
    return cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), opened(device).stream);
}

void releaseGraph(void* device, void* graph) {
    select(device);
    cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph));
}

int canMultiply(void* device) {
    return select(device) == cudaSuccess && opened(device).cublas.open();
}

} // namespace
} // namespace kernels::cuda

extern "C" __attribute__((visibility("default"))) const kernels::cuda::DeviceApi* sumideroCudaApi() {
    using namespace kernels::cuda;
    static const DeviceApi api{apiVersion, errorText, count,        describe,       openCard,
                               closeCard,  allocate,  release,      allocatePinned, releasePinned,
                               freeMemory, copyNow,   copyNow,      zeroNow,        uploadLater,
                               run,        record,    replay,       releaseGraph,   waitFor,
                               canMultiply};
    return &api;
}
