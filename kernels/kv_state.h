#pragma once
#include "kernels/kv_cache.h"

#include <cstdint>
#include <vector>

namespace kernels {

/// What a saved state of a cache begins with (KvCache::save).
std::vector<std::int32_t> kvStateHeader(const KvShape& shape);

} // namespace kernels
