#include "kernels/cpu/thread_pool.h"

#include "kernels/cpu/run_delay.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace kernels {
namespace {

constexpr int maxTickets = 0xffff;
// Longer than the gap between two operations of a decode step, short enough not to take a core from a busy
// neighbour.
constexpr std::chrono::microseconds spinTime{20};
// Fetched ahead at most: what the gap between two operations allows, and a part of a second-level cache.
constexpr std::ptrdiff_t aheadBytes = 96 * 1024;

// How often a worker looks how long it had to wait for its core, and how long it rests then. What the window takes to draw an
// answer that grows is less than a third of the time.
constexpr std::chrono::milliseconds lookTime{16}, shortestRest{32}, longestRest{512};

void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

} // namespace

/// When a worker rests: if another program had its core for more than a third of the time. Then it keeps the others waiting
/// longer than its work saves them.
class ThreadPool::Rest {
public:
    /// To be taken now: twice as long as the last one if that did not help. Mostly none.
    Clock::duration length() {
        const Clock::time_point now = Clock::now();
        const Clock::duration passed = now - m_since;
        if (passed < lookTime) {
            return {};
        }
        const std::chrono::nanoseconds before = std::exchange(m_delayBefore, m_delay.sum());
        const bool isCrowded = 3 * (m_delayBefore - before) > passed;
        m_length = isCrowded ? std::clamp<Clock::duration>(2 * m_length, shortestRest, longestRest)
                             : Clock::duration{};
        m_since = now + m_length;
        return m_length;
    }

private:
    RunDelay m_delay;
    std::chrono::nanoseconds m_delayBefore{0};
    Clock::time_point m_since = Clock::now();
    Clock::duration m_length{};
};

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
    deal(tickets, generation);
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

/// A range for each that does not rest. Who takes a ticket sees all that was written before.
void ThreadPool::deal(int tickets, std::uint32_t generation) {
    int parts = 0;
    for (int worker = 0; worker < m_threads; ++worker) {
        m_workers[worker].parts = m_workers[worker].rests.load(std::memory_order_relaxed) ? 0 : 1;
        parts += m_workers[worker].parts;
    }
    std::int64_t part = 0;
    for (int worker = 0; worker < m_threads; ++worker) {
        const auto first = static_cast<std::uint64_t>(tickets * part / parts);
        part += m_workers[worker].parts;
        const auto end = static_cast<std::uint64_t>(tickets * part / parts);
        m_workers[worker].share.store(std::uint64_t{generation} << 32 | end << 16 | first,
                                      std::memory_order_release);
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
    Rest rest;
    while (!m_stop.load(std::memory_order_relaxed)) {
        const std::uint32_t seen = m_generation.load(std::memory_order_acquire);
        while (takeTicket(worker)) {
        }
        if (const Clock::duration length = rest.length(); length.count() > 0) {
            m_workers[worker].rests.store(true, std::memory_order_relaxed);
            sleepFor(length);
            m_workers[worker].rests.store(false, std::memory_order_relaxed);
        } else {
            awaitNews(seen, worker);
        }
    }
}

/// Less if the pool stops.
void ThreadPool::sleepFor(Clock::duration length) {
    constexpr Clock::duration atOnce = std::chrono::milliseconds(8);
    for (; length.count() > 0 && !m_stop.load(std::memory_order_relaxed); length -= atOnce) {
        std::this_thread::sleep_for(std::min(length, atOnce));
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
