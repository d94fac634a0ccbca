#include "kernels/cpu/attend_kernels.h"

namespace kernels {

extern const AttendKernels ATTEND_PORTABLE, ATTEND_AVX2, ATTEND_AVX512;

const AttendKernels& attendKernels([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    switch (isa) {
    case Isa::Portable:
        break;
    case Isa::Avx2:
    case Isa::AvxVnni:
        return ATTEND_AVX2;
    case Isa::Avx512:
    case Isa::Avx512Vnni:
    case Isa::Avx512Bf16:
        return ATTEND_AVX512;
    }
#endif
    return ATTEND_PORTABLE;
}

} // namespace kernels
