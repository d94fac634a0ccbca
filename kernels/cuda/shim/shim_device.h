#pragma once
#include "kernels/cuda/device_api.h"

namespace kernels::cuda::shim {

/// A "card" that runs every kernel on the processor, through fibers.h. Memory is the host's; graphs are copies of their commands.
const DeviceApi& deviceApi();

/// For tests: from now on every call that can fail does so with this error, as if the card had; 0: none. After `calls` more runs or
/// replays, where that is not negative.
void fail(int error, int calls = 0);
/// Whether there is a "cuBLAS": plain loops. Asked once by each backend.
void setCanMultiply(bool can);
/// Replays, and products of "cuBLAS", so far.
int replays();
int multiplications();

} // namespace kernels::cuda::shim
