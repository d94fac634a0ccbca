#pragma once
#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

// The same toy model on two devices.
namespace test {

// Of logits that are about 1 in size: sums of float32 in another order on each device, through two layers.
inline constexpr double tolerance = 2e-4;

inline std::shared_ptr<const engine::Model> loadOn(const std::filesystem::path& path,
                                                   const std::string& device) {
    return loadToy(path, 1, device);
}

/// The largest difference of two tables of logits.
inline double worst(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t row = 0; row < a.size(); ++row)
        for (std::size_t i = 0; i < a[row].size(); ++i) {
            const double difference =
                std::fabs(static_cast<double>(a[row][i]) - static_cast<double>(b[row][i]));
            largest = std::isfinite(difference) ? std::max(largest, difference) : INFINITY;
        }
    return largest;
}

} // namespace test
