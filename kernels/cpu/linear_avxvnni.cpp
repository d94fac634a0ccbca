#include "kernels/cpu/linear_kernels.h"

#define LEVEL_TABLE linearKernelsAvxVnni
#define LEVEL_VNNI 1
#include "kernels/cpu/linear_vector_256.inc"
#include "kernels/cpu/linear_x86.inc"
