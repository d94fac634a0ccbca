#include "kernels/cpu/linear_kernels.h"

namespace kernels {

const LinearKernels& linearKernels(Isa isa) {
    return linearKernelsPortable;
}

} // namespace kernels
