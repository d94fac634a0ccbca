#include "kernels/cpu/thread_pool.h"

#include <algorithm>
#include <cassert>

namespace kernels {
namespace {

constexpr int maxTickets = 0xffff;
// Longer than the gap between two operations of a decode step, short enough not to take a core from a busy
// neighbour.
constexpr std::chrono::microseconds spinTime{20};
// Fetched ahead at most: what the gap between two operations allows, and a part of a second-level cache.
constexpr std::ptrdiff_t aheadBytes = 96 * 1024;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

} // namespace

ThreadPool::ThreadPool(int threads)
    : m_threads(std::max(threads, 1)), m_workers(new Worker[static_cast<std::size_t>(m_threads)]) {
    for (int worker = 1; worker < m_threads; ++worker) {
        m_workers[worker].thread = std::thread([this, worker] { workerMain(worker); });
    }
}

ThreadPool::~ThreadPool() {
    m_stop.store(true);
    m_wakeUps.fetch_add(1);
    m_wakeUps.notify_all();
    for (int worker = 1; worker < m_threads; ++worker) {
        m_workers[worker].thread.join();
    }
}

void ThreadPool::runErased(int chunks, Call call, const void* context) {
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
    m_ticketsLeft.store(tickets, std::memory_order_relaxed);
    const std::uint32_t generation = m_generation.load(std::memory_order_relaxed) + 1;
    // Who takes a ticket sees all that was written before.
    for (int worker = 0; worker < m_threads; ++worker) {
        const auto range = static_cast<std::uint64_t>(firstChunk(worker + 1, tickets)) << 16 |
                           static_cast<std::uint64_t>(firstChunk(worker, tickets));
        m_workers[worker].share.store(std::uint64_t{generation} << 32 | range, std::memory_order_release);
    }
    // Sequentially consistent together with m_sleepers: either a worker sees the new generation before it
    // sleeps or we see the sleeper.
    m_generation.store(generation);
    if (m_sleepers.load() > 0) {
        m_wakeUps.fetch_add(1);
        m_wakeUps.notify_all();
    }
    while (takeTicket(0)) {
    }
    const auto finished = [&] { return m_ticketsLeft.load(std::memory_order_acquire) == 0; };
    if (!spinUntil(0, finished)) {
        for (int left; (left = m_ticketsLeft.load(std::memory_order_acquire)) != 0;) {
            m_ticketsLeft.wait(left, std::memory_order_acquire);
        }
    }
}

/// Takes the next ticket and does its chunks. False: there is none left.
bool ThreadPool::takeTicket(int worker) {
    // While a generation is being dealt, nobody takes of another's share before the own one is there.
    const std::uint64_t generation = m_workers[worker].share.load(std::memory_order_relaxed) >> 32;
    for (int i = 0; i < m_threads; ++i) {
        std::atomic<std::uint64_t>& share = m_workers[(worker + i) % m_threads].share;
        std::uint64_t seen = share.load(std::memory_order_relaxed);
        for (;;) {
            const auto next = static_cast<int>(seen & 0xffff), end = static_cast<int>(seen >> 16 & 0xffff);
            if (next >= end || seen >> 32 != generation) {
                break;
            }
            const std::uint64_t rest = i == 0 ? seen + 1 : seen - 0x10000;
            // The generation in the word makes the exchange fail if this share has been dealt anew.
            if (share.compare_exchange_weak(seen, rest, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                doTicket(i == 0 ? next : end - 1, worker);
                return true;
            }
        }
    }
    return false;
}

/// The caller cannot leave the generation before the ticket is done, so the job is stable.
void ThreadPool::doTicket(int ticket, int worker) {
    const int first = ticket * m_chunksPerTicket;
    const int last = std::min(first + m_chunksPerTicket, m_chunks);
    for (int chunk = first; chunk < last; ++chunk) {
        m_call(m_context, chunk, worker);
    }
    if (m_ticketsLeft.fetch_sub(1, std::memory_order_acq_rel) == 1 && worker != 0) {
        m_ticketsLeft.notify_one(); // costs a load when the caller does not sleep
    }
}

void ThreadPool::workerMain(int worker) {
    while (!m_stop.load(std::memory_order_relaxed)) {
        const std::uint32_t seen = m_generation.load(std::memory_order_acquire);
        while (takeTicket(worker)) {
        }
        awaitNews(seen, worker);
    }
}

/// Waits until there is another generation than `seen` or the pool stops.
void ThreadPool::awaitNews(std::uint32_t seen, int worker) {
    const auto isNews = [&] {
        return m_generation.load(std::memory_order_relaxed) != seen || m_stop.load(std::memory_order_relaxed);
    };
    if (spinUntil(worker, isNews)) {
        return;
    }
    m_sleepers.fetch_add(1);
    for (;;) {
        const int wakeUps = m_wakeUps.load();
        if (m_generation.load() != seen || m_stop.load()) {
            break;
        }
        m_wakeUps.wait(wakeUps);
    }
    m_sleepers.fetch_sub(1);
}

void ThreadPool::fetchAhead(int worker) {
    constexpr std::ptrdiff_t atOnce = 512; // a hundred nanoseconds, then news are looked for again
    Worker& own = m_workers[worker];
    const std::byte* const ahead = own.ahead.load(std::memory_order_relaxed);
    if (own.fetching != ahead) {
        own.fetching = ahead;
        own.fetched = 0;
    }
    if (ahead == nullptr || own.fetched >= aheadBytes) {
        return;
    }
    for (std::ptrdiff_t line = 0; line < atOnce; line += 64) {
        __builtin_prefetch(ahead + own.fetched + line, 0, 2);
    }
    own.fetched += atOnce;
}

/// Says whether it was done before the time was up; fetches ahead meanwhile.
template <class Done>
bool ThreadPool::spinUntil(int worker, Done done) {
    const auto end = std::chrono::steady_clock::now() + spinTime;
    do {
        for (int i = 0; i < 8; ++i) {
            if (done()) {
                return true;
            }
            fetchAhead(worker);
            relax();
        }
    } while (std::chrono::steady_clock::now() < end);
    return done();
}

} // namespace kernels
