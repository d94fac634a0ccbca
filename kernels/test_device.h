#pragma once
#include <functional>
#include <memory>

namespace kernels {

class Backend;

/// For tests: what makeBackend() makes for the name "test", for instance a backend that fails when it is told to. Empty: there is no such
/// device. Before any thread may ask for it.
void setTestDevice(std::function<std::unique_ptr<Backend>()> make);

} // namespace kernels
