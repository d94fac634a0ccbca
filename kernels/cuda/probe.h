#pragma once
#include "kernels/cuda/device_api.h"
#include "kernels/cuda_backend.h"

#include <string>

// What can be said of a machine's cards through an API.
namespace kernels::cuda {

/// "CUDA 13.0, compute capability 9.0, 132 multiprocessors"
std::string featuresOf(const DeviceApi& api, const CardInfo& info);

/// The cards, or one sentence that says why there are none.
CudaCards listCardsOf(const DeviceApi& api);

/// An API, or why there is none.
struct LoadedApi {
    const DeviceApi* api = nullptr;
    std::string problem;
};

/// Opens the library at `path`; it stays open for ever.
LoadedApi loadApi(const std::string& path);

/// For tests: takes the place of the installed library from now on; null gives it back.
void replaceInstalledApi(const DeviceApi* api);

} // namespace kernels::cuda
