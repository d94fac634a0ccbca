#include "engine/read_speed.h"

#include "kernels/backend.h"
#include "kernels/devices.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t Rows = 8960, Columns = 1536; // a feed-forward matrix of a model of 1.5 billion weights
constexpr std::size_t Footprint = std::size_t{96} << 20; // beyond the last-level cache of most processors

/// Valid blocks whose values do not matter, except that none may be a NaN or so small that arithmetic slows down.
std::vector<std::byte> anyBlocks() {
    constexpr kernels::BlockLayout layout = kernels::blockLayout(kernels::DType::Q4_K);
    constexpr std::uint16_t scale = 0x1400; // about 0.001 as a half
    std::vector<std::byte> blocks(static_cast<std::size_t>(Rows * Columns / layout.elements * layout.bytes));
    std::uint32_t state = 1;
    for (std::byte& byte : blocks) {
        state = state * 1664525u + 1013904223u; // Numerical Recipes' linear congruential generator
        byte = static_cast<std::byte>(state >> 24);
    }
    for (std::size_t at = 0; at < blocks.size(); at += static_cast<std::size_t>(layout.bytes)) {
        std::memcpy(&blocks[at], &scale, sizeof scale);                // of the values
        std::memcpy(&blocks[at + sizeof scale], &scale, sizeof scale); // of the minima
    }
    return blocks;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double measure(int threads, std::chrono::milliseconds duration, const std::stop_token& stop) {
    kernels::DeviceOptions options;
    options.cpu.threads = threads;
    const std::unique_ptr<kernels::Backend> backend = kernels::makeBackend(options);
    const std::vector<std::byte> blocks = anyBlocks();
    const kernels::HostMatrix matrix{kernels::DType::Q4_K, Rows, Columns, blocks.data()};
    std::vector<std::unique_ptr<kernels::Weight>> weights;
    while (weights.size() * matrix.bytes() < Footprint && !stop.stop_requested())
        weights.push_back(backend->makeWeight(matrix));
    const std::unique_ptr<kernels::Buffer> in = backend->makeBuffer(1, Columns);
    const std::unique_ptr<kernels::Buffer> out = backend->makeBuffer(1, Rows);
    backend->write(in->tensor(), std::vector<float>(Columns, 1.0f));
    std::vector<double> rates;
    for (const auto end = Clock::now() + duration; Clock::now() < end && !stop.stop_requested();) {
        const auto start = Clock::now();
        backend->begin({});
        for (const auto& weight : weights) {
            const kernels::LinearJob job{weight.get(), out->tensor()};
            backend->linear(in->tensor(), {&job, 1}, kernels::Rounding::Robust);
        }
        backend->submit();
        backend->wait();
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        rates.push_back(static_cast<double>(weights.size() * matrix.bytes()) / seconds);
    }
    return rates.empty() || stop.stop_requested() ? 0 : median(rates);
}

} // namespace

double measureReadSpeed(int threads, std::chrono::milliseconds duration, std::stop_token stop) {
    try {
        return measure(threads, duration, stop);
    } catch (const std::exception&) { // no memory: nobody is told of a figure that was only nice to have
        return 0;
    }
}

} // namespace engine
