#include "kernels/cpu/vec16_avx2.h"

#include "kernels/cpu/elementwise_impl.h"

namespace kernels {

extern const ElementwiseKernels ELEMENTWISE_AVX2;
const ElementwiseKernels ELEMENTWISE_AVX2 = ELEMENTWISE_TABLE;

} // namespace kernels
