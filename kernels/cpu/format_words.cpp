#include "kernels/cpu/format.h"

#include <bit>
#include <cstring>

// F16 and BF16 as integers that share an exponent (FormatKind::Words). Packing belongs to the levels that use this
// form: linear_words_x86.inc.
namespace kernels {

const Format formatF16Words{DType::F16, FormatKind::Words, 14, 0, 32, 1024, 16, nullptr, nullptr};
const Format formatBF16Words{DType::BF16, FormatKind::Words, 14, 0, 32, 1024, 16, nullptr, nullptr};

void dequantiseWords(const std::byte* group, int lane, std::int64_t cols, float* out) {
    const Format& format = formatF16Words; // the layout of both
    const std::byte* const exponents = group + format.quantBytesOf(cols) + lane;
    for (std::int64_t column = 0; column < cols; ++column) {
        const auto exponent = static_cast<std::uint32_t>(exponents[column / tileColumns * format.auxBytes]);
        std::int16_t word;
        std::memcpy(&word, group + column / 2 * 64 + lane * 4 + column % 2 * 2, 2);
        out[column] = static_cast<float>(word) * std::bit_cast<float>(exponent << 23);
    }
}

} // namespace kernels
