#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace kernels {

/// The worker threads of the CPU backend. Work comes in chunks; a thread takes the next one with a
/// compare-exchange on one word (generation | count | next). The caller works too and waits only for chunks
/// that somebody has begun, never for a thread that has not started: a core that is busy elsewhere costs its
/// share of the work and no more. Idle workers spin for a few microseconds (the gap between two operations of
/// a decode step) and then sleep in the kernel.
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

    /// Calls `body(int chunk, int worker)` once for every chunk in [0, chunks), in any order and on any
    /// thread; worker is in [0, threads()) and no two chunks with the same worker run at the same time.
    /// Returns when all are done; what the chunks wrote is then visible to the caller.
    template <class Body>
    void run(int chunks, Body&& body) {
        using Plain = std::remove_reference_t<Body>;
        runErased(
            chunks,
            [](void* context, int chunk, int worker) { (*static_cast<Plain*>(context))(chunk, worker); },
            const_cast<void*>(static_cast<const void*>(&body)));
    }

private:
    using Call = void (*)(void* context, int chunk, int worker);

    void runErased(int chunks, Call call, void* context);
    void workerMain(int worker);
    bool workOn(std::uint64_t word, int worker);
    std::uint64_t awaitNews(std::uint64_t seen);
    void sleepUntilNews(std::uint64_t seen);

    int m_threads;
    std::vector<std::thread> m_workers;

    // Written by the caller before it publishes a generation, read only by who has taken one of its chunks.
    Call m_call = nullptr;
    void* m_context = nullptr;
    int m_chunks = 0;
    int m_chunksPerTicket = 1;

    alignas(64) std::atomic<std::uint64_t> m_word{
        0}; // generation (32 bits) | tickets (16) | next ticket (16)
    alignas(64) std::atomic<int> m_ticketsDone{0};
    alignas(64) std::atomic<int> m_sleepers{0};
    std::atomic<int> m_wakeUps{0};
    std::atomic<bool> m_stop{false};
};

} // namespace kernels
