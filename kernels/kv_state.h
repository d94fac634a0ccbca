#pragma once
#include "kernels/kv_cache.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kernels {

/// What a saved state of a cache begins with (KvCache::save).
std::vector<std::int32_t> kvStateHeader(const KvShape& shape);
/// How much follows: all layers' keys and values as they are stored.
std::size_t kvStateBytes(const KvShape& shape);

} // namespace kernels
