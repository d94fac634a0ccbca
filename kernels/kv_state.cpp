#include "kernels/kv_state.h"

namespace kernels {

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

} // namespace kernels
