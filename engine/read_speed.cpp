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
    // A pass over one matrix is shorter than the turn that the system gives to another program, so some are left in peace.
    std::vector<double> seconds;
    const auto end = Clock::now() + duration;
    for (std::size_t pass = 0; Clock::now() < end && !stop.stop_requested(); ++pass) {
        const kernels::LinearJob job{weights[pass % weights.size()].get(), out->tensor()};
        const auto start = Clock::now();
        backend->begin({});
        backend->linear(in->tensor(), {&job, 1}, kernels::Rounding::Robust);
        backend->submit();
        backend->wait();
        seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    return stop.stop_requested() ? 0 : readSpeedOf(matrix.bytes(), std::move(seconds));
}

} // namespace

double readSpeedOf(std::size_t bytes, std::vector<double> seconds) {
    if (seconds.empty())
        return 0;
    const auto quartile = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 4);
    std::nth_element(seconds.begin(), quartile, seconds.end());
    return static_cast<double>(bytes) / *quartile;
}

double measureReadSpeed(int threads, std::chrono::milliseconds duration, std::stop_token stop) {
    try {
        return measure(threads, duration, stop);
    } catch (const std::exception&) { // no memory: nobody is told of a figure that was only nice to have
        return 0;
    }
}

} // namespace engine
