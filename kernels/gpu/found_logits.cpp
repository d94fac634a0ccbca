#include "kernels/gpu/found_logits.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace kernels::gpu {
namespace {

double logOfSum(std::span<const std::uint32_t> sums) {
    constexpr double nothing = -std::numeric_limits<double>::infinity();
    double largest = nothing, sum = 0;
    const auto number = [&](std::size_t i) { return static_cast<double>(std::bit_cast<float>(sums[i])); };
    for (std::size_t i = 0; i < sums.size(); i += 2)
        if (number(i + 1) > 0)
            largest = std::max(largest, number(i));
    for (std::size_t i = 0; i < sums.size(); i += 2)
        if (number(i + 1) > 0)
            sum += number(i + 1) * std::exp(number(i) - largest);
    return sum > 0 ? largest + std::log(sum) : nothing;
}

} // namespace

void FoundLogits::fill(const std::uint32_t* found, TopLogits& top) const {
    for (std::size_t i = 0; i < top.listed.size(); ++i)
        top.listed[i] = std::bit_cast<float>(found[1 + i]);
    top.logSumExp = logOfSum({found + sumsAt, 2 * groups});
    std::fill(top.largest.begin(), top.largest.end(), Logit{});
    const auto largest = top.largest.first(std::min<std::size_t>(found[0], top.largest.size()));
    for (std::size_t i = 0; i < largest.size(); ++i) {
        const std::uint32_t* const entry = found + entriesAt + 2 * i;
        largest[i] = {static_cast<std::int32_t>(entry[0]), std::bit_cast<float>(entry[1])};
    }
    std::sort(largest.begin(), largest.end(), isLarger);
}

} // namespace kernels::gpu
