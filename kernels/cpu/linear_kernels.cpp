#include "kernels/cpu/linear_kernels.h"

#include <cmath>

namespace kernels {

float residualThreshold(Rounding rounding, double energy, std::int64_t blocks) {
    constexpr double timesMean = 1.5;
    return rounding == Rounding::Careful
               ? -1.0f
               : static_cast<float>(timesMean * std::sqrt(energy / static_cast<double>(blocks)));
}

const LinearKernels& linearKernels([[maybe_unused]] Isa isa) {
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
    case Isa::Avx512Bf16:
        return linearKernelsAvx512Bf16;
    }
#endif
    return linearKernelsPortable;
}

} // namespace kernels
