#include "kernels/cpu/vec16_avx512.h"

#include "kernels/cpu/attend_impl.h"

namespace kernels {

extern const AttendKernels ATTEND_AVX512;
const AttendKernels ATTEND_AVX512 = ATTEND_TABLE;

} // namespace kernels
