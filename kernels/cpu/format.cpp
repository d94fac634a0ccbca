#include "kernels/cpu/format.h"

namespace kernels {

const Format& formatOf(DType type) {
    switch (type) {
    case DType::F32:
        return formatF32;
    case DType::F16:
        return formatF16;
    case DType::BF16:
        return formatBF16;
    case DType::Q4_0:
        return formatQ4_0;
    case DType::Q4_1:
        return formatQ4_1;
    case DType::Q5_0:
        return formatQ5_0;
    case DType::Q5_1:
        return formatQ5_1;
    case DType::Q8_0:
        return formatQ8_0;
    case DType::Q4_K:
        return formatQ4_K;
    case DType::Q5_K:
        return formatQ5_K;
    case DType::Q6_K:
        return formatQ6_K;
    case DType::Q2_K:
        return formatQ2_K;
    case DType::Q3_K:
        return formatQ3_K;
    case DType::IQ4_NL:
        return formatIQ4_NL;
    case DType::IQ4_XS:
        return formatIQ4_XS;
    case DType::MXFP4:
        return formatMXFP4;
    }
    return formatF32;
}

} // namespace kernels
