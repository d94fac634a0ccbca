#pragma once
#include "kernels/backend.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace test {

/// A tensor of a backend between two guard rows. Everything starts as NaN, so that a value an operation
/// forgets to write is seen, and the guards must still hold their exact bits afterwards.
class GuardedBuffer {
public:
    GuardedBuffer(kernels::Backend& backend, std::int64_t rows, std::int64_t cols);
    GuardedBuffer(kernels::Backend& backend, std::int64_t rows, std::int64_t cols,
                  std::span<const float> values);

    kernels::Tensor tensor() const;
    void poison();
    void set(std::span<const float> values);
    std::vector<float> get();
    /// Also true for a tensor that nobody writes to.
    bool guardsIntact();

private:
    kernels::Backend& m_backend;
    std::unique_ptr<kernels::Buffer> m_buffer; // guard row, rows, guard row
};

/// Normally distributed, always the same for a seed.
std::vector<float> randomFloats(std::size_t count, std::uint32_t seed, float deviation = 1.0f);

/// The largest difference, in units of the reference's largest magnitude; infinity when a value is NaN or the
/// sizes differ.
double relativeError(std::span<const float> values, std::span<const double> reference);

} // namespace test
