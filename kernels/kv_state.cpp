#include "kernels/kv_state.h"

namespace kernels {
namespace {

std::size_t rowBytes(KvType type, int headDim) {
    const auto numbers = static_cast<std::size_t>(headDim);
    if (type == KvType::F32)
        return numbers * 4;
    if (type == KvType::F16)
        return numbers * 2;
    constexpr std::size_t block = 32; // numbers that share a scale
    return numbers + (numbers + block - 1) / block * 2;
}

} // namespace

std::vector<std::int32_t> kvStateHeader(const KvShape& shape) {
    std::vector<std::int32_t> numbers{0x33'56'4B'53, // "SKV3"
                                      static_cast<std::int32_t>(shape.layers.size()),
                                      shape.sinkSlots,
                                      shape.ringSlots,
                                      static_cast<std::int32_t>(shape.sinkType),
                                      static_cast<std::int32_t>(shape.ringType)};
    for (const KvLayer& layer : shape.layers)
        numbers.insert(numbers.end(), {layer.kvHeads, layer.headDim});
    return numbers;
}

std::size_t kvStateBytes(const KvShape& shape) {
    std::size_t bytes = 0;
    for (const KvLayer& layer : shape.layers)
        bytes += 2 * static_cast<std::size_t>(layer.kvHeads) *
                 (static_cast<std::size_t>(shape.sinkSlots) * rowBytes(shape.sinkType, layer.headDim) +
                  static_cast<std::size_t>(shape.ringSlots) * rowBytes(shape.ringType, layer.headDim));
    return bytes;
}

} // namespace kernels
