#include "tests/support/guarded_buffer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace test {
namespace {

constexpr std::uint32_t GUARD_BITS = 0x7FC0BEEF; // a NaN that no arithmetic produces

std::vector<float> poisonOf(kernels::Tensor tensor) {
    return std::vector<float>(static_cast<std::size_t>(tensor.rows * tensor.cols),
                              std::bit_cast<float>(GUARD_BITS));
}

} // namespace

GuardedBuffer::GuardedBuffer(kernels::Backend& backend, std::int64_t rows, std::int64_t cols)
    : m_backend(backend), m_buffer(backend.makeBuffer(rows + 2, cols)) {
    m_backend.write(m_buffer->tensor(), poisonOf(m_buffer->tensor()));
}

GuardedBuffer::GuardedBuffer(kernels::Backend& backend, std::int64_t rows, std::int64_t cols,
                             std::span<const float> values)
    : GuardedBuffer(backend, rows, cols) {
    set(values);
}

kernels::Tensor GuardedBuffer::tensor() const {
    return m_buffer->tensor().rowRange(1, m_buffer->tensor().rows - 2);
}

void GuardedBuffer::poison() {
    m_backend.write(tensor(), poisonOf(tensor()));
}

void GuardedBuffer::set(std::span<const float> values) {
    m_backend.write(tensor(), values);
}

std::vector<float> GuardedBuffer::get() {
    const std::span<const float> values = m_backend.read(tensor());
    return {values.begin(), values.end()};
}

bool GuardedBuffer::guardsIntact() {
    const std::span<const float> all = m_backend.read(m_buffer->tensor());
    const std::size_t cols = static_cast<std::size_t>(m_buffer->tensor().cols);
    const auto intact = [](float value) { return std::bit_cast<std::uint32_t>(value) == GUARD_BITS; };
    return std::all_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(cols), intact) &&
           std::all_of(all.end() - static_cast<std::ptrdiff_t>(cols), all.end(), intact);
}

std::vector<float> randomFloats(std::size_t count, std::uint32_t seed, float deviation) {
    // Box-Muller by hand: std::normal_distribution differs between libraries.
    std::mt19937 random(seed);
    std::vector<float> values(count);
    for (float& value : values) {
        const double u = (static_cast<double>(random()) + 1.0) / 4294967297.0;
        const double angle = static_cast<double>(random()) / 4294967296.0 * 6.283185307179586;
        value = deviation * static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(angle));
    }
    return values;
}

double relativeError(std::span<const float> values, std::span<const double> reference) {
    if (values.size() != reference.size())
        return std::numeric_limits<double>::infinity();
    double difference = 0, largest = 1e-30;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i]))
            return std::numeric_limits<double>::infinity();
        difference = std::max(difference, std::fabs(static_cast<double>(values[i]) - reference[i]));
        largest = std::max(largest, std::fabs(reference[i]));
    }
    return difference / largest;
}

} // namespace test
