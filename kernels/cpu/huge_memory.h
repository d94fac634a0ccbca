#pragma once
#include <cstddef>

namespace kernels {

/// Zeroed memory of its own, on 2 MiB pages where the system gives them: streaming through 4 KiB pages costs
/// a third of the read bandwidth. Aligned to at least 64 bytes. Movable, not copyable; throws
/// std::runtime_error when there is no memory.
class HugeMemory {
public:
    HugeMemory() = default;
    explicit HugeMemory(std::size_t bytes);
    HugeMemory(HugeMemory&& other) noexcept;
    HugeMemory& operator=(HugeMemory&& other) noexcept;
    HugeMemory(const HugeMemory&) = delete;
    HugeMemory& operator=(const HugeMemory&) = delete;
    ~HugeMemory();

    std::byte* data() const { return m_data; }
    std::size_t size() const { return m_size; }

private:
    std::byte* m_data = nullptr;
    std::size_t m_size = 0;     // asked for
    std::size_t m_reserved = 0; // mapped
    std::byte* m_mapping = nullptr;
};

} // namespace kernels
