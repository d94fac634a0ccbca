#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

namespace kernels {

/// The worker threads of the CPU backend. Work comes in chunks. Each thread walks through a contiguous range
/// of its own, in ascending order (what the memory's prefetcher wants), and takes chunks from the far end of
/// another's range only when its own is used up. The caller works too and waits only for chunks that somebody
/// has begun, never for a thread that has not started. A worker that loses its core to another program in the
/// middle of a chunk keeps everybody waiting; if that takes more than a third of its time it rests for a while,
/// longer each time, so that a core that is busy elsewhere costs little more than its share of the work. Idle
/// workers spin for a few microseconds (the gap between two operations of a decode step), fetching meanwhile what
/// comes next, and then sleep in the kernel.
///
/// Thread: run() from one thread at a time, not from inside a chunk. Chunks must not throw. Nothing is
/// allocated in run().
class ThreadPool {
public:
    explicit ThreadPool(int threads); // the caller counts as one: threads - 1 are started; at least 1
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return m_threads; }

    /// Calls `body(int chunk, int worker)` once for every chunk in [0, chunks), on any thread, roughly in the
    /// order described above; worker is in [0, threads()) and no two chunks with the same worker run at the
    /// same time. Returns when all are done; what the chunks wrote is then visible to the caller.
    template <class Body>
    void run(int chunks, const Body& body) {
        runErased(
            chunks,
            [](const void* context, int chunk, int worker) {
                (*static_cast<const Body*>(context))(chunk, worker);
            },
            &body);
    }

    /// The first of a worker's own chunks if a run has that many, and where its range ends.
    int firstChunk(int worker, int chunks) const {
        return static_cast<int>(std::int64_t{chunks} * worker / m_threads);
    }

    /// Where a worker's part of what comes next begins in memory: it fetches some of it into its cache while
    /// it waits after the next run. Only named, not read: the memory may be gone by then. Thread: as run().
    void expect(int worker, const std::byte* from) {
        m_workers[worker].ahead.store(from, std::memory_order_relaxed);
    }

private:
    using Call = void (*)(const void* context, int chunk, int worker);
    using Clock = std::chrono::steady_clock;
    class Rest;
    struct alignas(64) Worker {
        std::atomic<std::uint64_t> share{0}; // generation (32 bits) | end (16) | next ticket (16)
        std::atomic<const std::byte*> ahead{nullptr};
        const std::byte* fetching = nullptr; // the `ahead` that it last fetched; the worker's own
        std::ptrdiff_t fetched = 0;          // bytes of it
        std::atomic<bool> rests{false};      // is dealt nothing
        int parts = 0;                       // that it is dealt, as the caller saw it: 0 or 1
        std::thread thread;
    };

    void runErased(int chunks, Call call, const void* context);
    void deal(int tickets, std::uint32_t generation);
    bool takeTicket(int worker);
    void doTicket(int ticket, int worker);
    void workerMain(int worker);
    void awaitNews(std::uint32_t seen, int worker);
    void sleepFor(Clock::duration length);
    void fetchAhead(int worker);
    template <class Done>
    bool spinUntil(int worker, Done done);

    int m_threads;
    std::unique_ptr<Worker[]> m_workers; // [0] is the caller

    // Written by the caller before it deals tickets, read only by who has taken one of them.
    Call m_call = nullptr;
    const void* m_context = nullptr;
    int m_chunks = 0;
    int m_chunksPerTicket = 1;

    alignas(64) std::atomic<std::uint32_t> m_generation{0};
    alignas(64) std::atomic<int> m_ticketsLeft{0};
    alignas(64) std::atomic<int> m_sleepers{0};
    std::atomic<int> m_wakeUps{0};
    std::atomic<bool> m_stop{false};
};

} // namespace kernels
