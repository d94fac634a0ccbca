#include "engine/engine_thread.h"

#include "engine/thread/thread_border.h"
#include "engine/thread/worker.h"

#include <thread>

namespace engine {

struct EngineThread::Impl {
    explicit Impl(std::function<void()> wake) : border(std::move(wake)) {}

    ThreadBorder border;
    std::jthread thread; // declared last: joined before what it uses goes
};

// THREAD BORDER: what follows runs on the main thread; EngineWorker and everything below it on the thread
// made here.
EngineThread::EngineThread(std::function<void()> wake) : m_impl(std::make_unique<Impl>(std::move(wake))) {
    m_impl->thread = std::jthread(
        [&border = m_impl->border](const std::stop_token& quit) { EngineWorker(border).run(quit); });
}

EngineThread::~EngineThread() {
    m_impl->border.events.close();
} // the jthread asks its thread to stop and joins it

void EngineThread::load(RequestId id, std::filesystem::path path, LoadOptions options, std::stop_token stop) {
    m_impl->border.commands.push({id, LoadCommand{std::move(path), std::move(options)}, std::move(stop)});
}

void EngineThread::chat(RequestId id, ChatRequest request, std::stop_token stop) {
    m_impl->border.commands.push({id, std::move(request), std::move(stop)});
}

void EngineThread::compare(RequestId id, CompareRequest request, std::stop_token stop) {
    m_impl->border.commands.push({id, std::move(request), std::move(stop)});
}

void EngineThread::setCapture(CaptureRequest request) {
    m_impl->border.setCapture(request);
}
void EngineThread::setPaused(bool paused) {
    m_impl->border.commands.setPaused(paused);
}
std::vector<EngineEvent> EngineThread::takeEvents() {
    return m_impl->border.events.take();
}
Latest<AttentionFrame>& EngineThread::frames() {
    return m_impl->border.frames;
}
Journal& EngineThread::journal() {
    return m_impl->border.journal;
}

Recorder& EngineThread::recorder() {
    return m_impl->border.recorder;
}

} // namespace engine
