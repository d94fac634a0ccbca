#pragma once
#include "engine/service.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

namespace engine {

/// Engine thread -> main thread: ordered and lossless. Text of one answer and the progress of one request
/// melt together while nobody has taken them, so that a sleeping reader costs no memory.
class EventQueue {
public:
    explicit EventQueue(std::function<void()> wake) : m_wake(std::move(wake)) {}
    void push(EngineEvent event);    // engine thread
    std::vector<EngineEvent> take(); // main thread
    std::vector<EngineEvent> wait(); // the same; sleeps while there are none
    void close();                    // main thread: wake() is not called any more

private:
    std::function<void()> m_wake;
    std::mutex m_mutex;
    std::condition_variable m_came;
    std::vector<EngineEvent> m_events;
    bool m_closed = false;
};

struct LoadCommand {
    std::filesystem::path path;
    LoadOptions options;
};

struct Command {
    RequestId id = 0;
    std::variant<LoadCommand, ChatRequest, CompareRequest> what;
    std::stop_token stop;
};

/// Main thread -> engine thread: done in order.
class CommandQueue {
public:
    void push(Command command);  // main thread
    void setPaused(bool paused); // main thread
    /// Sleeps until there is a command; null when asked to stop.
    std::optional<Command> wait(const std::stop_token& stop);
    std::optional<Command> poll(); // does not sleep
    /// Stopped as soon as a command waits: what runs in the background makes room.
    std::stop_token arrival();
    /// Sleeps while generation is paused; takes no lock when it is not.
    void waitWhilePaused(const std::stop_token& stop);
    bool isPaused() const { return m_paused.load(); }

private:
    std::optional<Command> pop();

    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::deque<Command> m_commands;
    std::stop_source m_arrival;         // stopped when a command came
    std::atomic<bool> m_paused = false; // written under the mutex; asked without it after every token
};

/// Everything both threads touch.
struct ThreadBorder {
    explicit ThreadBorder(std::function<void()> wake) : events(std::move(wake)) {}

    EventQueue events;
    CommandQueue commands;
    Latest<AttentionFrame> frames;
    Journal journal;
    Recorder recorder;

    void setCapture(CaptureRequest request); // main thread
    CaptureRequest capture() const;          // engine thread; no lock: asked before every token

private:
    std::atomic<std::uint32_t> m_capture{0};
};

} // namespace engine
