#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/isa.h"

#include <cstdint>

// The small operations of a decoder on rows of floats, one table of them for each instruction set. Any
// length; sums run in an order that depends on the length alone.
namespace kernels {

struct ElementwiseKernels {
    void (*rmsNorm)(const float* x, const float* gain, float epsilon, float* out, std::int64_t count);
    /// bias may be null
    void (*layerNorm)(const float* x, const float* gain, const float* bias, float epsilon, float* out,
                      std::int64_t count);
    /// One head. angles: ropeDim values, cos and sin pairs. x == out is allowed.
    void (*rope)(const float* x, int headDim, int ropeDim, RopePairing pairing, const float* angles,
                 float* out);
    void (*gated)(Activation activation, const float* gate, const float* up, float* out, std::int64_t count);
    void (*activate)(Activation activation, float* inOut, std::int64_t count);
    void (*clamp)(float* inOut, float limit, std::int64_t count);
    void (*softcap)(float* inOut, float cap, std::int64_t count);
    void (*add)(const float* x, float* inOut, std::int64_t count);
    void (*scale)(float* inOut, float factor, std::int64_t count);
    /// Half precision of values that are first brought into its range.
    void (*toHalf)(const float* x, std::uint16_t* out, int count);
    /// A block of Q8_0 with at most 32 values: returns its scale in half precision.
    std::uint16_t (*toQ8)(const float* x, std::int8_t* out, int count);
};

const ElementwiseKernels& elementwiseKernels(Isa isa);

} // namespace kernels
