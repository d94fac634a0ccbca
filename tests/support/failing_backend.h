#pragma once
#include "kernels/backend.h"

#include <functional>
#include <memory>
#include <string>

namespace test {

/// What a device does before it fails. Negative: it never does.
struct DeviceFaults {
    int weights = -1;                 // that fit into its memory
    int caches = -1;                  // the same
    int models = -1;                  // that fit at the same time
    int weightsBeside = 0;            // of one model more
    int steps = -1;                   // that it computes; then it is lost for good
    int backends = 0;                 // there are now
    std::function<void()> begun = {}; // called when a step began
    static constexpr auto NoRoomForWeights = "The test device has no room for the model.";
    static constexpr auto NoRoomForCache = "The test device has no room for the cache.";
    static constexpr auto Lost = "The test device stopped working.";
};

/// A device by the name "test" that computes on the CPU and fails as `faults` say; it is gone with this object. Faults may be changed
/// while nothing runs.
class FailingDevice {
public:
    FailingDevice();
    ~FailingDevice();
    std::shared_ptr<DeviceFaults> faults = std::make_shared<DeviceFaults>();
};

} // namespace test
