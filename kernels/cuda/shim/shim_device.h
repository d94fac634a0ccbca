#pragma once
#include "kernels/cuda/device_api.h"

namespace kernels::cuda::shim {

/// A "card" that runs every kernel on the processor, through fibers.h. Memory is the host's; graphs are copies of their commands.
const DeviceApi& deviceApi();

/// For tests: from now on every call that can fail does so with this error, as if the card had; 0: none. After `calls` more runs or
/// replays, where that is not negative.
void fail(int error, int calls = 0);
/// How a card shows that its memory ends: it tells how much is free and would give more; or it tells nothing, and refuses.
enum class MemoryEnd { Told, Refused };
/// For tests: the card has so many bytes for all that is allocated from now on.
void limitMemory(std::uint64_t bytes, MemoryEnd end);
constexpr std::uint64_t noMemoryLimit = UINT64_MAX;
/// Whether there is a "cuBLAS": plain loops. Asked once by each backend.
void setCanMultiply(bool can);
/// Replays, and products of "cuBLAS", so far.
int replays();
int multiplications();

} // namespace kernels::cuda::shim
