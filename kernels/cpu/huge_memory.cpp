#include "kernels/cpu/huge_memory.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

// AddressSanitizer watches over the ends of what operator new gives, not over those of a mapping.
#if defined(__linux__) && !defined(SUMIDERO_ADDRESS_SANITIZER)
#define SUMIDERO_MAPS_MEMORY
#include <sys/mman.h>
#else
#include <cstring>
#include <new>
#endif

namespace kernels {
namespace {

#ifdef SUMIDERO_MAPS_MEMORY
constexpr std::size_t HUGE_PAGE = std::size_t{2} << 20;
#endif

[[noreturn]] void failed(std::size_t bytes) {
    throw std::runtime_error("Not enough memory: " + std::to_string(bytes >> 20) + " MiB were asked for.");
}

} // namespace

HugeMemory::HugeMemory(std::size_t bytes) : m_size(bytes) {
    if (bytes == 0)
        return;
#ifdef SUMIDERO_MAPS_MEMORY
    // Small blocks would waste most of a huge page.
    const bool huge = bytes >= HUGE_PAGE;
    m_reserved = huge ? bytes + HUGE_PAGE : bytes;
    void* mapping = mmap(nullptr, m_reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        failed(bytes);
    m_mapping = static_cast<std::byte*>(mapping);
    m_data = m_mapping;
    if (huge) {
        const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(m_mapping);
        m_data = m_mapping + ((HUGE_PAGE - start % HUGE_PAGE) % HUGE_PAGE);
        madvise(m_data, bytes, MADV_HUGEPAGE); // a wish: without it everything still works
    }
#else
    m_reserved = bytes;
    m_mapping = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64}, std::nothrow));
    if (!m_mapping)
        failed(bytes);
    m_data = m_mapping;
    std::memset(m_data, 0, bytes);
#endif
}

HugeMemory::HugeMemory(HugeMemory&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0)),
      m_reserved(std::exchange(other.m_reserved, 0)), m_mapping(std::exchange(other.m_mapping, nullptr)) {}

HugeMemory& HugeMemory::operator=(HugeMemory&& other) noexcept {
    std::swap(m_data, other.m_data);
    std::swap(m_size, other.m_size);
    std::swap(m_reserved, other.m_reserved);
    std::swap(m_mapping, other.m_mapping);
    return *this;
}

HugeMemory::~HugeMemory() {
    if (!m_mapping)
        return;
#ifdef SUMIDERO_MAPS_MEMORY
    munmap(m_mapping, m_reserved);
#else
    ::operator delete (m_mapping, std::align_val_t{64});
#endif
}

} // namespace kernels
