#include "kernels/cpu/linear_kernels.h"

#define LEVEL_TABLE linearKernelsAvx512Bf16
#define LEVEL_VNNI 1
#define LEVEL_BF16 1
#include "kernels/cpu/linear_vector_512.inc"
#include "kernels/cpu/linear_x86.inc"
