#include "kernels/cpu/vec16_portable.h"

#include "kernels/cpu/attend_impl.h"

namespace kernels {

extern const AttendKernels ATTEND_PORTABLE;
const AttendKernels ATTEND_PORTABLE = ATTEND_TABLE;

} // namespace kernels
