#include "kernels/cpu/format.h"

// F16 and BF16 as integers that share an exponent (FormatKind::Words). Packing and products belong to the levels that
// use this form: linear_words_x86.inc.
namespace kernels {

const Format formatF16Words{DType::F16, FormatKind::Words, 14, 0, 32, 1024, 16, nullptr, nullptr};
const Format formatBF16Words{DType::BF16, FormatKind::Words, 14, 0, 32, 1024, 16, nullptr, nullptr};

} // namespace kernels
