#include "kernels/cpu/thread_pool.h"

#include "kernels/cpu/run_delay.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>
#ifdef __linux__
#include <sched.h>
#endif

namespace {

using kernels::ThreadPool;

TEST(ThreadPoolTest, RunsEveryChunkOnce) {
    for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        EXPECT_EQ(pool.threads(), threads);
        for (const int chunks : {0, 1, 2, 7, 64, 1000, 200000}) {
            std::vector<std::atomic<int>> counts(static_cast<std::size_t>(chunks));
            pool.run(chunks, [&](int chunk, int worker) {
                EXPECT_GE(worker, 0);
                EXPECT_LT(worker, threads);
                counts[static_cast<std::size_t>(chunk)].fetch_add(1, std::memory_order_relaxed);
            });
            for (const auto& count : counts) {
                ASSERT_EQ(count.load(), 1);
            }
        }
    }
}

// Plain, unsynchronised data on both sides: a race detector sees every missing edge.
TEST(ThreadPoolTest, ChunksSeeTheCallersWritesAndTheCallerSeesTheirs) {
    ThreadPool pool(4);
    std::vector<int> values(37, 0);
    std::vector<int> perWorker(4, 0);
    for (int round = 0; round < 20000; ++round) {
        const int chunks = 1 + round % 37;
        pool.run(chunks, [&](int chunk, int worker) {
            values[static_cast<std::size_t>(chunk)] += round;
            ++perWorker[static_cast<std::size_t>(worker)];
        });
        for (int chunk = 0; chunk < chunks; ++chunk) {
            values[static_cast<std::size_t>(chunk)] -= round;
        }
    }
    for (const int value : values) {
        ASSERT_EQ(value, 0);
    }
    long total = 0;
    for (const int count : perWorker) {
        total += count;
    }
    long expected = 0;
    for (int round = 0; round < 20000; ++round) {
        expected += 1 + round % 37;
    }
    EXPECT_EQ(total, expected);
}

// What the memory's prefetcher wants, and what keeps two threads out of each other's way.
TEST(ThreadPoolTest, WalksUpItsOwnRangeAndHelpsFromTheFarEndOfAnothers) {
    ThreadPool pool(2);
    for (int round = 0; round < 200; ++round) {
        std::vector<int> order; // of the caller's chunks
        std::atomic<int> done{0};
        pool.run(8, [&](int chunk, int worker) {
            if (worker == 0) {
                order.push_back(chunk);
                done.store(static_cast<int>(order.size()));
            } else {
                EXPECT_EQ(chunk, 4); // the first of its own; it keeps that while the caller does the rest
                while (done.load() < 7) {
                    std::this_thread::yield();
                }
            }
        });
        ASSERT_GE(order.size(), 7U);
        const std::vector<int> expected{0, 1, 2, 3, 7, 6, 5, 4};
        ASSERT_TRUE(std::equal(order.begin(), order.end(), expected.begin())) << "round " << round;
    }
}

TEST(ThreadPoolTest, ExpectingMemoryThatIsNotThereHarmsNobody) {
    ThreadPool pool(2);
    for (int round = 0; round < 200; ++round) {
        for (int worker = 0; worker < 2; ++worker) {
            pool.expect(worker, reinterpret_cast<const std::byte*>(std::uintptr_t{1} << (12 + round % 35)));
        }
        std::atomic<int> count{0};
        pool.run(8, [&](int, int) { ++count; });
        ASSERT_EQ(count.load(), 8);
    }
}

TEST(ThreadPoolTest, WakesWorkersThatSleep) {
    ThreadPool pool(2);
    for (int round = 0; round < 20; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        std::atomic<bool> other{false};
        // The first chunk waits for the second: it ends only if another thread comes.
        pool.run(2, [&](int, int) {
            if (!other.exchange(true)) {
                while (other.load()) {
                    std::this_thread::yield();
                }
            } else {
                other.store(false);
            }
        });
    }
}

TEST(ThreadPoolTest, UsesNoProcessorTimeWhenIdle) {
    ThreadPool pool(4);
    pool.run(8, [](int, int) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto processTime = [] {
        timespec time{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    };
    const double before = processTime();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_LT(processTime() - before, 0.05);
}

#ifdef __linux__
// This thread and those that it starts have to share the first core they may use.
class OnOneCore {
public:
    OnOneCore() {
        sched_getaffinity(0, sizeof m_before, &m_before);
        cpu_set_t one;
        CPU_ZERO(&one);
        for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core)
            if (CPU_ISSET(core, &m_before))
                CPU_SET(core, &one);
        sched_setaffinity(0, sizeof one, &one);
    }
    ~OnOneCore() { sched_setaffinity(0, sizeof m_before, &m_before); }

private:
    cpu_set_t m_before;
};

void workFor(std::chrono::microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

TEST(ThreadPoolTest, SeesThatAnotherThreadHadItsCore) {
    const OnOneCore core;
    std::atomic<bool> stop{false};
    std::thread other([&] {
        while (!stop.load()) {
        }
    });
    const kernels::RunDelay delay;
    const auto before = delay.sum();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (delay.sum() - before < std::chrono::milliseconds(10) && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_GE(delay.sum() - before, std::chrono::milliseconds(10));
    stop.store(true);
    other.join();
}

// The worker and a busy thread share a core; the caller has others.
TEST(ThreadPoolTest, AWorkerWhoseCoreIsBusyRestsAndNothingIsLost) {
    if (std::thread::hardware_concurrency() < 2) {
        GTEST_SKIP() << "needs two cores";
    }
    std::atomic<bool> stop{false};
    std::unique_ptr<ThreadPool> pool;
    std::thread other;
    {
        const OnOneCore core;
        pool = std::make_unique<ThreadPool>(2);
        other = std::thread([&] {
            while (!stop.load()) {
            }
        });
    }
    std::vector<int> chunksOf(2, 0);
    constexpr int rounds = 1000, chunks = 4;
    for (int round = 0; round < rounds; ++round) {
        pool->run(chunks, [&](int, int worker) {
            workFor(std::chrono::microseconds(200));
            ++chunksOf[static_cast<std::size_t>(worker)];
        });
    }
    stop.store(true);
    other.join();
    EXPECT_EQ(std::accumulate(chunksOf.begin(), chunksOf.end(), 0), rounds * chunks);
    EXPECT_LT(chunksOf[1], rounds * chunks / 20); // about 60; several hundred if it never rests
}
#endif

TEST(ThreadPoolTest, StartsAndStopsWithoutWork) {
    for (int round = 0; round < 50; ++round) {
        ThreadPool pool(3);
        if (round % 2 == 1) {
            pool.run(5, [](int, int) {});
        }
    }
}

} // namespace
