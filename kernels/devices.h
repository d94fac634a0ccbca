#pragma once
#include "kernels/cpu_backend.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// Where a model can run. The one place that knows all kinds of devices.
namespace kernels {

class Backend;

struct DeviceOptions {
    std::string device =
        {}; // a name that listDevices() gives, or "cuda" or "vulkan" for the first of these; "" = the default: "cpu"
    CpuOptions cpu = {}; // for the CPU
};

struct Device {
    std::string name = {};         // as DeviceOptions takes it: "cpu", "cuda:0", "vulkan:0"
    std::string title = {};        // of the processor or card
    std::string features = {};     // "AVX2", "Vulkan 1.3, subgroups of 32"
    std::uint64_t memoryBytes = 0; // of its own; 0: the machine's
    bool isSoftware = false;       // a graphics device that runs on the processor: for tests
    bool isDiscrete = false;       // a card with memory of its own
    std::string problem = {};      // why it cannot be used; "" = it can
};

struct DeviceList {
    std::vector<Device> devices; // the CPU first
    std::string cudaProblem;     // why there is no card for CUDA
    std::string vulkanProblem;   // why there is no Vulkan device
};

/// Any thread. Never throws for want of a device.
DeviceList listDevices();

/// The name of the device that suits a model of so many bytes best: a card with memory of its own that holds it, else "cpu".
std::string suitableDevice(const DeviceList& list, std::uint64_t modelBytes);

/// Throws std::runtime_error with a sentence: no such device, or it cannot be used as asked for.
std::unique_ptr<Backend> makeBackend(const DeviceOptions& options);

} // namespace kernels
