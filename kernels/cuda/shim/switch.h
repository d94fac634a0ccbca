#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

// Switching between stacks. A fiber is abandoned by never switching to it again.
namespace kernels::cuda::shim {

#if defined(__x86_64__)

extern "C" void sumideroSwitchStack(void** saved, void* next);

/// A suspended flow of control.
class Fiber {
public:
    /// The next switch to it calls entry(), which never returns.
    void start(std::byte* stack, std::size_t bytes, void (*entry)()) {
        forget(stack, bytes);
        auto top = reinterpret_cast<std::uintptr_t>(stack + bytes) & ~std::uintptr_t{15};
        auto* const words = reinterpret_cast<void**>(top) - 8; // six registers, the entry, its return address
        for (int i = 0; i < 8; ++i)
            words[i] = nullptr;
        words[6] = reinterpret_cast<void*>(entry);
        m_stackPointer = words;
        m_stack = stack;
        m_bytes = bytes;
    }
    static void change(Fiber& from, Fiber& to) {
        sumideroSwitchStack(&from.m_stackPointer, to.m_stackPointer);
    }

#else

class Fiber {
public:
    void start(std::byte* stack, std::size_t bytes, void (*entry)()) {
        forget(stack, bytes);
        getcontext(&m_context);
        m_context.uc_stack.ss_sp = stack;
        m_context.uc_stack.ss_size = bytes;
        m_context.uc_link = nullptr;
        makecontext(&m_context, entry, 0);
        m_stack = stack;
        m_bytes = bytes;
    }
    static void change(Fiber& from, Fiber& to) { swapcontext(&from.m_context, &to.m_context); }

#endif

    // AddressSanitizer must know which stack is in use.
    static void switchTo(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
        void* fake = nullptr;
        __sanitizer_start_switch_fiber(&fake, to.m_stack, to.m_bytes);
        change(from, to);
        __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
        change(from, to);
#endif
    }
    /// First thing in an entry: `from` is where it was started, whose stack is learnt here.
    static void entered([[maybe_unused]] Fiber& from) {
#if defined(__SANITIZE_ADDRESS__)
        const void* stack = nullptr;
        __sanitizer_finish_switch_fiber(nullptr, &stack, &from.m_bytes);
        from.m_stack = static_cast<std::byte*>(const_cast<void*>(stack));
#endif
    }

private:
    /// What an abandoned flow of control left on the stack is no fault of the next one.
    static void forget([[maybe_unused]] std::byte* stack, [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
        __asan_unpoison_memory_region(stack, bytes);
#endif
    }
#if defined(__x86_64__)
    void* m_stackPointer = nullptr;
#else
    ucontext_t m_context{};
#endif
    std::byte* m_stack = nullptr;
    std::size_t m_bytes = 0;
};

} // namespace kernels::cuda::shim
