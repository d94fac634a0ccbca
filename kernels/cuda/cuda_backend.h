#pragma once
#include "kernels/backend.h"
#include "kernels/cuda/device_api.h"
#include "kernels/cuda_backend.h"

namespace kernels::cuda {

/// On a card behind any API: the library's, or the shim's in tests. `api` lives for ever.
std::unique_ptr<Backend> makeBackendOn(const DeviceApi& api, const CudaOptions& options);

} // namespace kernels::cuda
