#pragma once
#include "kernels/cuda/device_api.h"

#include <cstddef>
#include <span>
#include <utility>

namespace kernels::cuda {

/// One opened card behind a DeviceApi. Engine thread only.
class Device {
public:
    Device(const DeviceApi& api, int card);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    const CardInfo& info() const { return m_info; }
    const DeviceApi& api() const { return m_api; }
    void* handle() const { return m_handle; }
    /// Throws std::runtime_error with a sentence unless `error` is 0. `doing` completes "while ...".
    void check(int error, const char* doing) const;

    /// What the program may still take of the card's memory, in bytes.
    std::uint64_t freeMemory() const;

    // At once.
    void upload(void* to, std::span<const std::byte> bytes);
    void download(const void* from, std::span<std::byte> bytes);
    void zero(void* memory, std::size_t bytes);

private:
    const DeviceApi& m_api;
    CardInfo m_info{};
    void* m_handle = nullptr;
};

enum class Where { Card, Host };

/// Owns memory of the card, or of the host where the card reaches it quickly.
class Memory {
public:
    Memory() = default;
    /// Throws std::runtime_error without memory.
    Memory(Device& device, std::size_t bytes, Where where = Where::Card);
    ~Memory() { release(); }
    Memory(Memory&& other) noexcept
        : m_device(std::exchange(other.m_device, nullptr)), m_where(other.m_where),
          m_data(std::exchange(other.m_data, nullptr)), m_bytes(std::exchange(other.m_bytes, 0)) {}
    Memory& operator=(Memory&& other) noexcept {
        release();
        m_device = std::exchange(other.m_device, nullptr);
        m_where = other.m_where;
        m_data = std::exchange(other.m_data, nullptr);
        m_bytes = std::exchange(other.m_bytes, 0);
        return *this;
    }

    std::byte* data() const { return static_cast<std::byte*>(m_data); }
    template <class T>
    T* as() const {
        return static_cast<T*>(m_data);
    }
    std::size_t size() const { return m_bytes; }

private:
    void release();

    Device* m_device = nullptr;
    Where m_where = Where::Card;
    void* m_data = nullptr;
    std::size_t m_bytes = 0;
};

} // namespace kernels::cuda
