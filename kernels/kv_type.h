#pragma once
#include <cstdint>

namespace kernels {

/// How keys and values are stored in a cache.
enum class KvType : std::uint8_t { F32, F16, Q8_0 };

} // namespace kernels
