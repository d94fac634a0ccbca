#include "app/cli/interrupts.h"

#include <csignal>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <thread>

namespace cli {
namespace {

struct Work {
    std::mutex mutex;
    std::optional<std::stop_source> source;
};

Work& work() {
    static auto* instance = new Work; // lives as long as the thread that waits
    return *instance;
}

sigset_t interrupt() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    return signals;
}

[[noreturn]] void die(const sigset_t& signals) {
    std::signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    std::raise(SIGINT);
    std::_Exit(Interrupts::ExitStatus); // not reached
}

void wait() {
    const sigset_t signals = interrupt();
    for (int number = 0; sigwait(&signals, &number) == 0;) {
        const std::lock_guard lock(work().mutex);
        if (!work().source || !work().source->request_stop())
            die(signals);
    }
}

} // namespace

// A thread that waits, and no signal handler: a stop may be asked for from a thread, but not from a handler.
void Interrupts::watch() {
    const sigset_t signals = interrupt();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread(wait).detach();
}

Interrupts::Stoppable::Stoppable(std::stop_source source) {
    const std::lock_guard lock(work().mutex);
    work().source = std::move(source);
}

Interrupts::Stoppable::~Stoppable() {
    const std::lock_guard lock(work().mutex);
    work().source.reset();
}

} // namespace cli
