#include "kernels/cpu/vec16_avx2.h"

#include "kernels/cpu/attend_impl.h"

namespace kernels {

extern const AttendKernels ATTEND_AVX2;
const AttendKernels ATTEND_AVX2 = ATTEND_TABLE;

} // namespace kernels
