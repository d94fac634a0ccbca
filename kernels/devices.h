#pragma once
#include "kernels/cpu_backend.h"

#include <memory>
#include <string>

// Where a model can run. The one place that knows all kinds of devices.
namespace kernels {

class Backend;

struct DeviceOptions {
    std::string device = {}; // "" = the default: "cpu"
    CpuOptions cpu = {};     // for the CPU
};

/// Throws std::runtime_error with a sentence: no such device, or it cannot be used as asked for.
std::unique_ptr<Backend> makeBackend(const DeviceOptions& options);

} // namespace kernels
