#include "kernels/cpu/linear_kernels.h"

#define LEVEL_TABLE linearKernelsAvx2
#define LEVEL_VNNI 0
#include "kernels/cpu/linear_vector_256.inc"
#include "kernels/cpu/linear_x86.inc"
