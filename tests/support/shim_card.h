#pragma once
#include "kernels/cuda/probe.h"
#include "kernels/cuda/shim/fibers.h"
#include "kernels/cuda/shim/shim_device.h"

#include <gtest/gtest.h>

namespace test {

/// The shim is the one NVIDIA card there is, and works, until removeShimCard(). Backends on it have to be gone by then. Test thread.
inline void insertShimCard() {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer knows nothing of fibers";
#endif
    kernels::cuda::shim::setOrder(kernels::cuda::shim::Order::Forward);
    kernels::cuda::replaceInstalledApi(&kernels::cuda::shim::deviceApi());
}
inline void removeShimCard() {
    kernels::cuda::shim::fail(0);
    kernels::cuda::shim::limitMemory(kernels::cuda::shim::noMemoryLimit,
                                     kernels::cuda::shim::MemoryEnd::Refused);
    kernels::cuda::replaceInstalledApi(nullptr);
}

} // namespace test
