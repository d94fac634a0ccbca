#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kernels {

/// Memory for the weights of a model, handed out piece after piece from large anonymous mappings with huge
/// pages: a virtual machine reads 4 KiB pages a third slower (two levels of page walks). Pages that nobody
/// wrote cost nothing. Single pieces are not reused; when the last one goes, as when a model is closed, all
/// goes back to the system. Any thread.
class WeightMemory : public std::enable_shared_from_this<WeightMemory> {
public:
    /// A part of the memory; keeps it alive. Movable, not copyable.
    class Piece {
    public:
        Piece() = default;
        Piece(Piece&& other) noexcept
            : m_owner(std::move(other.m_owner)), m_data(std::exchange(other.m_data, nullptr)) {}
        Piece& operator=(Piece&& other) noexcept {
            std::swap(m_owner, other.m_owner);
            std::swap(m_data, other.m_data);
            return *this;
        }
        ~Piece() {
            if (m_owner) {
                m_owner->release();
            }
        }
        std::byte* data() const { return m_data; }

    private:
        friend class WeightMemory;
        std::shared_ptr<WeightMemory> m_owner;
        std::byte* m_data = nullptr;
    };

    static std::shared_ptr<WeightMemory> create() { return std::shared_ptr<WeightMemory>(new WeightMemory); }
    ~WeightMemory();
    WeightMemory(const WeightMemory&) = delete;
    WeightMemory& operator=(const WeightMemory&) = delete;

    /// `bytes` zeroed bytes, aligned to 64. Throws std::runtime_error when the system has no more memory.
    Piece allocate(std::size_t bytes);

private:
    struct Slab {
        std::byte* base = nullptr;
        std::size_t bytes = 0;
    };

    WeightMemory() = default;
    void addSlab(std::size_t bytes);
    void release();
    void unmapAll();

    std::mutex m_mutex;
    std::vector<Slab> m_slabs;
    std::size_t m_used = 0; // of the last slab
    std::size_t m_pieces = 0;
};

} // namespace kernels
