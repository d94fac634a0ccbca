#include "kernels/devices.h"

#include "kernels/backend.h"

#include <stdexcept>

namespace kernels {

std::unique_ptr<Backend> makeBackend(const DeviceOptions& options) {
    if (options.device.empty() || options.device == "cpu")
        return makeCpuBackend(options.cpu);
    throw std::runtime_error("There is no device called \"" + options.device +
                             "\" here; \"cpu\" always works.");
}

} // namespace kernels
