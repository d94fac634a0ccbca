#pragma once
#include <stop_token>

namespace cli {

/// Ctrl+C. It ends the program, except while a Stoppable lives: then the first one asks that work to stop, and only a second ends the program.
class Interrupts {
public:
    /// Once, before any other thread is started.
    static void watch();

    class Stoppable {
    public:
        explicit Stoppable(std::stop_source work);
        ~Stoppable();
        Stoppable(const Stoppable&) = delete;
    };

    /// The exit status of what was stopped; the shell gives the same to a program that Ctrl+C ended.
    static constexpr int ExitStatus = 130;
};

} // namespace cli
