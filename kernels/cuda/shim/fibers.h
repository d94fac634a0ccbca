#pragma once
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <stdexcept>

// Runs kernels on the processor as a card would, for tests: each GPU thread is a fiber with a stack of its own, and barriers and exchanges
// between lanes are real rendezvous. What it sees and a card does not say: threads that wait at different barriers, shared memory that is
// read before it is written (it begins as NaN), results that depend on the order of threads (both orders can be run).
namespace kernels::cuda::shim {

struct Size3 {
    unsigned x = 1, y = 1, z = 1;
};

enum class Order { Forward, Reverse }; // of threads in a block, and of blocks
void setOrder(Order order);

/// A kernel that would hang or be undefined on a card: a sentence for its author.
class KernelError : public std::logic_error {
    using std::logic_error::logic_error;
};

constexpr unsigned warpLanes = 32;

/// Calls kernel(arguments) for every thread of every block. `threads` is a multiple of 32, 1024 at most.
void launch(Size3 grid, unsigned threads, void (*kernel)(const void*), const void* arguments);

// For kernels, by kernels/language.h.

struct Place {
    unsigned thread = 0, threads = 0;
    Size3 block, grid;
};
const Place& place();
void syncThreads(std::source_location where);
constexpr unsigned mostWords = 4;
/// Every lane of the warp shows `count` words (mostWords at most), all of them come here. Gives the words of lane 0, then those of lane 1 ...,
/// which stand until the warp's next call.
const std::uint32_t* gather(const std::uint32_t* words, unsigned count, std::source_location where);
/// The block's memory for this place in the source.
void* sharedMemory(std::size_t bytes, std::source_location where);

} // namespace kernels::cuda::shim
