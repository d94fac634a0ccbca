#include "kernels/cpu/format.h"

#include <cstring>

// F32, F16 and BF16: 16 rows interleaved, one column after another, values as in the file.
namespace kernels {
namespace {

template <int bytes>
void packUnit(const std::byte* const* rows, std::byte* quants, std::byte*) {
    for (int row = 0; row < groupRows; ++row) {
        std::memcpy(quants + row * bytes, rows[row], bytes);
    }
}

} // namespace

const Format formatF32{DType::F32, FormatKind::Plain, 32, 0, 1, 64, 0, packUnit<4>, nullptr};
const Format formatF16{DType::F16, FormatKind::Plain, 16, 0, 1, 32, 0, packUnit<2>, nullptr};
const Format formatBF16{DType::BF16, FormatKind::Plain, 16, 0, 1, 32, 0, packUnit<2>, nullptr};

} // namespace kernels
