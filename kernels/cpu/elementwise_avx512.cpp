#include "kernels/cpu/vec16_avx512.h"

#include "kernels/cpu/elementwise_impl.h"

namespace kernels {

extern const ElementwiseKernels ELEMENTWISE_AVX512;
const ElementwiseKernels ELEMENTWISE_AVX512 = ELEMENTWISE_TABLE;

} // namespace kernels
