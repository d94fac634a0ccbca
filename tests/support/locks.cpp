#include "tests/support/locks.h"

#include <dlfcn.h>
#include <pthread.h>

#include <mutex>

namespace {
thread_local std::int64_t locksOfThread = 0;
}

#ifndef __SANITIZE_THREAD__
// std::mutex, condition variables' own locking and C code all come through here.
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) {
    using Function = int (*)(pthread_mutex_t*);
    static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    ++locksOfThread;
    return next(mutex);
}
#endif

namespace test {

LockCount::LockCount() : calls(locksOfThread) {}

bool LockCount::works() {
    const LockCount before;
    std::mutex mutex;
    const std::lock_guard lock(mutex);
    return LockCount().calls == before.calls + 1;
}

} // namespace test
