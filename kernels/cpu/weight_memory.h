#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace kernels {

/// Memory for the weights of one model, handed out piece after piece from large anonymous mappings with huge
/// pages: a virtual machine reads 4 KiB pages a third slower (two levels of page walks). Pages that nobody
/// wrote cost nothing. What is given out is freed all at once, when the last piece and the last owner are
/// gone. Any thread.
class WeightMemory : public std::enable_shared_from_this<WeightMemory> {
public:
    /// A part of the memory; keeps all of it alive. Movable.
    class Piece {
    public:
        Piece() = default;
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

    std::mutex m_mutex;
    std::vector<Slab> m_slabs;
    std::size_t m_used = 0; // of the last slab
};

} // namespace kernels
