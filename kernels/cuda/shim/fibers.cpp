#include "kernels/cuda/shim/fibers.h"

#include "kernels/cuda/shim/switch.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#if defined(__x86_64__)
// Saves what a call must keep on the old stack and takes the same from the new one.
asm(R"(
    .text
    .globl sumideroSwitchStack
    .type sumideroSwitchStack, @function
sumideroSwitchStack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size sumideroSwitchStack, . - sumideroSwitchStack
    .section .note.GNU-stack, "", @progbits
    .text
)");
#endif

namespace kernels::cuda::shim {
namespace {

constexpr std::size_t stackBytes = 64 * 1024;
constexpr std::size_t sharedBytes = 48 * 1024; // what every card has for a block without asking
constexpr unsigned mostThreads = 1024;

enum class State { Ready, AtBarrier, InExchange, Finished };

struct Thread {
    Fiber fiber;
    State state = State::Ready;
    std::source_location where;
    const std::uint32_t* shown = nullptr; // while it is in an exchange
    unsigned shownWords = 0;
};

struct SharedPart {
    std::source_location where;
    std::size_t offset;
};

bool isSame(const std::source_location& a, const std::source_location& b) {
    return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

std::string nameOf(const std::source_location& where) {
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

/// One OS thread's machine: its blocks run one after the other.
class Machine {
public:
    void launch(Size3 grid, unsigned threads, void (*kernel)(const void*), const void* arguments);
    void wait(State state, std::source_location where);
    void* shared(std::size_t bytes, std::source_location where);

    Place place;
    Order order = Order::Forward;

    Thread& current() { return m_threads[place.thread]; }
    std::uint32_t* wordsOfWarp(unsigned first) { return m_warpWords + first * mostWords; }

private:
    static void enter();
    void runBlock();
    bool runReady();
    bool release();
    bool releaseWarp(unsigned first);

    void (*m_kernel)(const void*) = nullptr;
    const void* m_arguments = nullptr;
    Fiber m_scheduler;
    std::vector<Thread> m_threads;
    std::unique_ptr<std::byte[]> m_stacks;
    std::size_t m_stackCount = 0;
    std::uint32_t m_warpWords[mostThreads * mostWords]; // that lanes have shown each other
    alignas(16) std::byte m_sharedMemory[sharedBytes];
    std::vector<SharedPart> m_sharedParts;
    std::size_t m_sharedUsed = 0;
    std::string m_failure; // of a thread, "" = none
};

Machine& machine() {
    static thread_local Machine own;
    return own;
}

void Machine::enter() {
    Machine& self = machine();
    Fiber::entered(self.m_scheduler);
    self.m_kernel(self.m_arguments);
    self.wait(State::Finished, std::source_location::current());
}

void Machine::wait(State state, std::source_location where) {
    Thread& own = current();
    own.state = state;
    own.where = where;
    Fiber::switchTo(own.fiber, m_scheduler);
}

void* Machine::shared(std::size_t bytes, std::source_location where) {
    for (const SharedPart& part : m_sharedParts)
        if (isSame(part.where, where))
            return m_sharedMemory + part.offset;
    const std::size_t offset = (m_sharedUsed + 15) / 16 * 16;
    m_sharedUsed = offset + bytes;
    if (m_sharedUsed > sharedBytes) { // nothing may be thrown on a fiber's stack
        m_failure = "More than 48 KiB of shared memory at " + nameOf(where) + ".";
        wait(State::Finished, where);
    }
    std::memset(m_sharedMemory + offset, 0xFF, bytes); // NaN in every floating type
    m_sharedParts.push_back({where, offset});
    return m_sharedMemory + offset;
}

void Machine::launch(Size3 grid, unsigned threads, void (*kernel)(const void*), const void* arguments) {
    if (threads == 0 || threads % warpLanes != 0 || threads > mostThreads || grid.x == 0 || grid.y == 0 ||
        grid.z == 0 || grid.y > 65535 || grid.z > 65535)
        throw KernelError("A launch no card would take.");
    m_kernel = kernel;
    m_arguments = arguments;
    m_threads.resize(threads);
    if (m_stackCount < threads) {
        m_stacks = std::make_unique_for_overwrite<std::byte[]>(threads * stackBytes);
        m_stackCount = threads;
    }
    const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        const std::uint64_t block = order == Order::Forward ? i : blocks - 1 - i;
        place = {0,
                 threads,
                 {static_cast<unsigned>(block % grid.x), static_cast<unsigned>(block / grid.x % grid.y),
                  static_cast<unsigned>(block / grid.x / grid.y)},
                 grid};
        runBlock();
    }
}

void Machine::runBlock() {
    m_sharedParts.clear();
    m_sharedUsed = 0;
    for (std::size_t i = 0; i < m_threads.size(); ++i) {
        m_threads[i].state = State::Ready;
        m_threads[i].fiber.start(m_stacks.get() + i * stackBytes, stackBytes, enter);
    }
    while (runReady())
        if (!release())
            return;
}

/// Lets every thread that can run do so up to where it waits. False when nobody could.
bool Machine::runReady() {
    bool hasRun = false;
    const auto count = static_cast<unsigned>(m_threads.size());
    for (unsigned i = 0; i < count; ++i) {
        place.thread = order == Order::Forward ? i : count - 1 - i;
        if (current().state != State::Ready)
            continue;
        Fiber::switchTo(m_scheduler, current().fiber);
        if (!m_failure.empty())
            throw KernelError(std::exchange(m_failure, {}));
        hasRun = true;
    }
    return hasRun;
}

/// Lets go on whoever waits for nobody any more. False when all have finished; throws when nobody can go on.
bool Machine::release() {
    bool isFree = false;
    for (unsigned first = 0; first < m_threads.size(); first += warpLanes)
        isFree |= releaseWarp(first);
    if (isFree)
        return true;
    const auto in = [&](State state) {
        return static_cast<std::size_t>(std::count_if(m_threads.begin(), m_threads.end(),
                                                      [&](const Thread& t) { return t.state == state; }));
    };
    if (in(State::Finished) == m_threads.size())
        return false;
    const Thread& first = m_threads.front();
    const bool isTogether = std::all_of(m_threads.begin(), m_threads.end(), [&](const Thread& thread) {
        return thread.state == State::AtBarrier && isSame(thread.where, first.where);
    });
    if (!isTogether) {
        std::string waiting;
        for (const Thread& thread : m_threads)
            if (thread.state != State::Finished && waiting.find(nameOf(thread.where)) == std::string::npos)
                waiting += (waiting.empty() ? "" : " and ") + nameOf(thread.where);
        throw KernelError("A divergent barrier or exchange: threads wait at " + waiting + ", and " +
                          std::to_string(in(State::Finished)) + " of " + std::to_string(m_threads.size()) +
                          " have finished.");
    }
    for (Thread& thread : m_threads)
        thread.state = State::Ready;
    return true;
}

bool Machine::releaseWarp(unsigned first) {
    Thread* const warp = m_threads.data() + first;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
        if (warp[lane].state != State::InExchange || !isSame(warp[lane].where, warp->where))
            return false;
    std::uint32_t* to = wordsOfWarp(first);
    for (unsigned lane = 0; lane < warpLanes; ++lane) {
        to = std::copy_n(warp[lane].shown, warp[lane].shownWords, to);
        warp[lane].state = State::Ready;
    }
    return true;
}

} // namespace

void setOrder(Order order) {
    machine().order = order;
}

void launch(Size3 grid, unsigned threads, void (*kernel)(const void*), const void* arguments) {
    machine().launch(grid, threads, kernel, arguments);
}

const Place& place() {
    return machine().place;
}

void syncThreads(std::source_location where) {
    machine().wait(State::AtBarrier, where);
}

const std::uint32_t* gather(const std::uint32_t* words, unsigned count, std::source_location where) {
    assert(count <= mostWords);
    Thread& own = machine().current();
    own.shown = words;
    own.shownWords = count;
    machine().wait(State::InExchange, where);
    return machine().wordsOfWarp(place().thread / warpLanes * warpLanes);
}

void* sharedMemory(std::size_t bytes, std::source_location where) {
    return machine().shared(bytes, where);
}

} // namespace kernels::cuda::shim
