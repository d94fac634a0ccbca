#include "engine/thread/thread_border.h"

#include <utility>

namespace engine {
namespace {

// True when `event` was taken up by the last one that still waits.
bool merge(EngineEvent& waiting, EngineEvent& event) {
    if (waiting.index() != event.index())
        return false;
    if (auto* text = std::get_if<TextGenerated>(&event)) {
        auto& last = std::get<TextGenerated>(waiting);
        if (last.id != text->id)
            return false;
        last.text += text->text;
        last.tokens += text->tokens;
        last.status = text->status;
        return true;
    }
    if (auto* progress = std::get_if<LoadProgress>(&event);
        progress && std::get<LoadProgress>(waiting).id == progress->id)
        return waiting = *progress, true;
    if (auto* progress = std::get_if<ReadProgress>(&event);
        progress && std::get<ReadProgress>(waiting).id == progress->id)
        return waiting = *progress, true;
    return false;
}

} // namespace

void EventQueue::push(EngineEvent event) {
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed)
            return;
        if (!m_events.empty()) {
            if (!merge(m_events.back(), event))
                m_events.push_back(std::move(event));
            return; // the reader has been woken and has not come yet
        }
        m_events.push_back(std::move(event));
    }
    m_came.notify_one();
    if (m_wake)
        m_wake();
}

std::vector<EngineEvent> EventQueue::take() {
    std::vector<EngineEvent> events;
    const std::lock_guard lock(m_mutex);
    events.swap(m_events);
    return events;
}

std::vector<EngineEvent> EventQueue::wait() {
    std::vector<EngineEvent> events;
    std::unique_lock lock(m_mutex);
    m_came.wait(lock, [this] { return !m_events.empty(); });
    events.swap(m_events);
    return events;
}

void EventQueue::close() {
    const std::lock_guard lock(m_mutex);
    m_closed = true;
}

void CommandQueue::push(Command command) {
    {
        const std::lock_guard lock(m_mutex);
        m_commands.push_back(std::move(command));
        m_arrival.request_stop();
    }
    m_changed.notify_all();
}

void CommandQueue::setPaused(bool paused) {
    {
        const std::lock_guard lock(m_mutex);
        m_paused = paused;
    }
    m_changed.notify_all();
}

std::optional<Command> CommandQueue::pop() {
    if (m_commands.empty())
        return std::nullopt;
    std::optional<Command> command = std::move(m_commands.front());
    m_commands.pop_front();
    return command;
}

std::optional<Command> CommandQueue::wait(const std::stop_token& stop) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, stop, [this] { return !m_commands.empty(); });
    return stop.stop_requested() ? std::nullopt : pop();
}

std::optional<Command> CommandQueue::poll() {
    const std::lock_guard lock(m_mutex);
    return pop();
}

std::stop_token CommandQueue::arrival() {
    const std::lock_guard lock(m_mutex);
    if (m_commands.empty() && m_arrival.stop_requested())
        m_arrival = {};
    return m_arrival.get_token();
}

void CommandQueue::waitWhilePaused(const std::stop_token& stop) {
    if (!isPaused())
        return;
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, stop, [this] { return !m_paused; });
}

void ThreadBorder::setCapture(CaptureRequest request) {
    const auto level = static_cast<std::uint32_t>(request.level);
    m_capture.store(level << 24 | (static_cast<std::uint32_t>(request.rowLayer) & 0xffffff),
                    std::memory_order_relaxed);
}

CaptureRequest ThreadBorder::capture() const {
    const std::uint32_t packed = m_capture.load(std::memory_order_relaxed);
    return {static_cast<CaptureLevel>(packed >> 24), static_cast<int>(packed & 0xffffff)};
}

} // namespace engine
