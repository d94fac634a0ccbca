#include "kernels/cpu/weight_memory.h"

#include "kernels/round_up.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <sys/mman.h>

namespace kernels {
namespace {

constexpr std::size_t hugePage = std::size_t{2} << 20;
constexpr std::size_t slabBytes = std::size_t{64} << 20;

} // namespace

WeightMemory::~WeightMemory() {
    unmapAll();
}

void WeightMemory::unmapAll() {
    for (const Slab& slab : m_slabs) {
        munmap(slab.base, slab.bytes);
    }
    m_slabs.clear();
}

void WeightMemory::release() {
    const std::lock_guard lock(m_mutex);
    if (--m_pieces == 0) {
        unmapAll();
    }
}

WeightMemory::Piece WeightMemory::allocate(std::size_t bytes) {
    bytes = roundUp(std::max<std::size_t>(bytes, 1), 64);
    const std::lock_guard lock(m_mutex);
    if (m_slabs.empty() || m_slabs.back().bytes - m_used < bytes) {
        addSlab(std::max(slabBytes, roundUp(bytes, hugePage)));
    }
    Piece piece;
    piece.m_owner = shared_from_this();
    piece.m_data = m_slabs.back().base + m_used;
    m_used += bytes;
    ++m_pieces;
    return piece;
}

/// Maps one huge page more than asked for and gives back what lies outside the aligned part.
void WeightMemory::addSlab(std::size_t bytes) {
    const std::size_t mapped = bytes + hugePage;
    void* raw =
        mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED) {
        throw std::runtime_error("There is not enough memory for the model's weights.");
    }
    auto* const start = static_cast<std::byte*>(raw);
    const std::size_t address = reinterpret_cast<std::uintptr_t>(raw);
    const std::size_t lead = roundUp(address, hugePage) - address;
    if (lead > 0) {
        munmap(start, lead);
    }
    if (hugePage - lead > 0) {
        munmap(start + lead + bytes, hugePage - lead);
    }
#ifdef MADV_HUGEPAGE
    madvise(start + lead, bytes,
            MADV_HUGEPAGE); // a kernel without huge pages says no, and we are merely slower
#endif
    m_slabs.push_back({start + lead, bytes});
    m_used = 0;
}

} // namespace kernels
