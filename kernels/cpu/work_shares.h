#pragma once
#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>

namespace kernels {

/// Deals units of work so that each worker walks through a contiguous range of its own, in ascending order
/// (what the memory's prefetcher wants), and takes units from the far end of another's range only when its
/// own is used up. One ThreadPool chunk takes one unit: there are as many units as chunks, so every take()
/// finds one.
class WorkShares {
public:
    static constexpr int maxUnits = 0xffff;

    explicit WorkShares(int workers)
        : m_workers(workers), m_shares(new Share[static_cast<std::size_t>(workers)]) {}

    /// Before ThreadPool::run(units, ...), which publishes it to the workers.
    void deal(int units) {
        assert(units <= maxUnits);
        for (int worker = 0; worker < m_workers; ++worker) {
            const auto first =
                static_cast<std::uint32_t>(static_cast<std::int64_t>(units) * worker / m_workers);
            const auto end =
                static_cast<std::uint32_t>(static_cast<std::int64_t>(units) * (worker + 1) / m_workers);
            m_shares[static_cast<std::size_t>(worker)].range.store(first | end << 16,
                                                                   std::memory_order_relaxed);
        }
    }

    int take(int worker) {
        for (int i = 0;; i = (i + 1) % m_workers) {
            Share& share = m_shares[static_cast<std::size_t>((worker + i) % m_workers)];
            std::uint32_t range = share.range.load(std::memory_order_relaxed);
            while ((range & 0xffff) < range >> 16) {
                const std::uint32_t rest = i == 0 ? range + 1 : range - 0x10000;
                if (share.range.compare_exchange_weak(range, rest, std::memory_order_relaxed)) {
                    return static_cast<int>(i == 0 ? range & 0xffff : (range >> 16) - 1);
                }
            }
        }
    }

private:
    struct alignas(64) Share {
        std::atomic<std::uint32_t> range{0}; // first unit left | end << 16
    };
    int m_workers;
    std::unique_ptr<Share[]> m_shares;
};

} // namespace kernels
