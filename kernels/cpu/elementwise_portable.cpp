#include "kernels/cpu/vec16_portable.h"

#include "kernels/cpu/elementwise_impl.h"

namespace kernels {

extern const ElementwiseKernels ELEMENTWISE_PORTABLE;
const ElementwiseKernels ELEMENTWISE_PORTABLE = ELEMENTWISE_TABLE;

} // namespace kernels
