#include "kernels/cpu/elementwise_kernels.h"

namespace kernels {

extern const ElementwiseKernels ELEMENTWISE_PORTABLE, ELEMENTWISE_AVX2, ELEMENTWISE_AVX512;

const ElementwiseKernels& elementwiseKernels([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    switch (isa) {
    case Isa::Portable:
        break;
    case Isa::Avx2:
    case Isa::AvxVnni:
        return ELEMENTWISE_AVX2;
    case Isa::Avx512:
    case Isa::Avx512Vnni:
    case Isa::Avx512Bf16:
        return ELEMENTWISE_AVX512;
    }
#endif
    return ELEMENTWISE_PORTABLE;
}

} // namespace kernels
