#include "kernels/cpu/thread_pool.h"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace kernels {
namespace {

constexpr int maxTickets = 0xffff;
// Longer than the gap between two operations of a decode step, short enough not to take a core from a busy
// neighbour.
constexpr std::chrono::microseconds spinTime{5};

std::uint64_t generationOf(std::uint64_t word) {
    return word >> 32;
}
int ticketsOf(std::uint64_t word) {
    return static_cast<int>((word >> 16) & 0xffff);
}
int nextOf(std::uint64_t word) {
    return static_cast<int>(word & 0xffff);
}

void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Spins until `done()` or until the time is up; says whether it was done.
template <class Done>
bool spinUntil(Done done) {
    const auto end = std::chrono::steady_clock::now() + spinTime;
    do {
        for (int i = 0; i < 8; ++i) {
            if (done()) {
                return true;
            }
            relax();
        }
    } while (std::chrono::steady_clock::now() < end);
    return done();
}

} // namespace

ThreadPool::ThreadPool(int threads) : m_threads(std::max(threads, 1)) {
    m_workers.reserve(static_cast<std::size_t>(m_threads - 1));
    for (int worker = 1; worker < m_threads; ++worker) {
        m_workers.emplace_back([this, worker] { workerMain(worker); });
    }
}

ThreadPool::~ThreadPool() {
    m_stop.store(true);
    m_wakeUps.fetch_add(1);
    m_wakeUps.notify_all();
    for (std::thread& thread : m_workers) {
        thread.join();
    }
}

void ThreadPool::runErased(int chunks, Call call, void* context) {
    if (chunks <= 1 || m_threads == 1) {
        for (int chunk = 0; chunk < chunks; ++chunk) {
            call(context, chunk, 0);
        }
        return;
    }
    m_call = call;
    m_context = context;
    m_chunks = chunks;
    m_chunksPerTicket = (chunks + maxTickets - 1) / maxTickets;
    const int tickets = (chunks + m_chunksPerTicket - 1) / m_chunksPerTicket;
    m_ticketsDone.store(0, std::memory_order_relaxed);
    const std::uint64_t generation = generationOf(m_word.load(std::memory_order_relaxed)) + 1;
    // Sequentially consistent together with m_sleepers: either a worker sees the new word before it sleeps or
    // we see the sleeper.
    const std::uint64_t word = generation << 32 | static_cast<std::uint64_t>(tickets) << 16;
    m_word.store(word);
    if (m_sleepers.load() > 0) {
        m_wakeUps.fetch_add(1);
        m_wakeUps.notify_all();
    }
    while (workOn(m_word.load(std::memory_order_relaxed), 0)) {
    }
    const auto finished = [&] { return m_ticketsDone.load(std::memory_order_acquire) == tickets; };
    if (!spinUntil(finished)) {
        for (int done; (done = m_ticketsDone.load(std::memory_order_acquire)) != tickets;) {
            m_ticketsDone.wait(done, std::memory_order_acquire);
        }
    }
}

/// Takes one ticket of the generation in `word` and does its chunks. False when there is none left. A failed
/// exchange counts as work done: the caller looks at the word again.
bool ThreadPool::workOn(std::uint64_t word, int worker) {
    const int ticket = nextOf(word);
    const int tickets = ticketsOf(word);
    if (ticket >= tickets) {
        return false;
    }
    if (!m_word.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel, std::memory_order_relaxed)) {
        return true;
    }
    // The caller cannot leave this generation before the ticket is done, so the job is stable now.
    const int first = ticket * m_chunksPerTicket;
    const int last = std::min(first + m_chunksPerTicket, m_chunks);
    for (int chunk = first; chunk < last; ++chunk) {
        m_call(m_context, chunk, worker);
    }
    const bool wasLast = m_ticketsDone.fetch_add(1, std::memory_order_acq_rel) + 1 == tickets;
    if (wasLast && worker != 0) {
        m_ticketsDone.notify_one(); // costs a load when the caller does not sleep
    }
    return true;
}

void ThreadPool::workerMain(int worker) {
    std::uint64_t word = 0;
    while (!m_stop.load(std::memory_order_relaxed)) {
        while (workOn(word, worker)) {
            word = m_word.load(std::memory_order_acquire);
        }
        word = awaitNews(word);
    }
}

/// Waits until the word is of another generation than `seen` (or the pool stops) and returns it.
std::uint64_t ThreadPool::awaitNews(std::uint64_t seen) {
    const auto isNews = [&] {
        return generationOf(m_word.load(std::memory_order_relaxed)) != generationOf(seen) ||
               m_stop.load(std::memory_order_relaxed);
    };
    if (!spinUntil(isNews)) {
        sleepUntilNews(seen);
    }
    return m_word.load(std::memory_order_acquire);
}

void ThreadPool::sleepUntilNews(std::uint64_t seen) {
    m_sleepers.fetch_add(1);
    for (;;) {
        const int wakeUps = m_wakeUps.load();
        if (generationOf(m_word.load()) != generationOf(seen) || m_stop.load()) {
            break;
        }
        m_wakeUps.wait(wakeUps);
    }
    m_sleepers.fetch_sub(1);
}

} // namespace kernels
