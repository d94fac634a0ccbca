#include "kernels/cpu/linear_kernels.h"

namespace kernels {

const LinearKernels& linearKernels(Isa isa) {
#if defined(__x86_64__)
    switch (isa) {
    case Isa::Portable:
        break;
    case Isa::Avx2:
        return linearKernelsAvx2;
    case Isa::AvxVnni:
        return linearKernelsAvxVnni;
    case Isa::Avx512:
        return linearKernelsAvx512;
    case Isa::Avx512Vnni:
        return linearKernelsAvx512Vnni;
    }
#endif
    return linearKernelsPortable;
}

} // namespace kernels
