#include "engine/service.h"

#include "engine/thread/thread_border.h"
#include "engine/thread/worker.h"

#include <thread>

namespace engine {

struct Service::Impl {
    explicit Impl(std::function<void()> wake) : border(std::move(wake)) {}

    Reply ask(std::variant<LoadCommand, ChatRequest, CompareRequest> what, std::stop_source stop) {
        Reply reply(++lastId, std::move(stop));
        border.commands.push({reply.id(), std::move(what), reply.stopToken()});
        return reply;
    }

    RequestId lastId = 0;
    ThreadBorder border;
    std::jthread thread; // declared last: joined before what it uses goes
};

// THREAD BORDER: what follows runs on the caller's thread; EngineWorker and everything below it on the thread
// made here.
Service::Service(std::function<void()> wake) : m_impl(std::make_unique<Impl>(std::move(wake))) {
    m_impl->thread = std::jthread(
        [&border = m_impl->border](const std::stop_token& quit) { EngineWorker(border).run(quit); });
}

Service::~Service() {
    m_impl->border.events.close();
} // the jthread asks its thread to stop and joins it

Reply Service::load(std::filesystem::path path, LoadOptions options, std::stop_source stop) {
    return m_impl->ask(LoadCommand{std::move(path), std::move(options)}, std::move(stop));
}

Reply Service::chat(ChatRequest request, std::stop_source stop) {
    return m_impl->ask(std::move(request), std::move(stop));
}

Reply Service::compare(CompareRequest request, std::stop_source stop) {
    return m_impl->ask(std::move(request), std::move(stop));
}

void Service::setCapture(CaptureRequest request) {
    m_impl->border.setCapture(request);
}
void Service::setPaused(bool paused) {
    m_impl->border.commands.setPaused(paused);
}
std::vector<EngineEvent> Service::takeEvents() {
    return m_impl->border.events.take();
}
std::vector<EngineEvent> Service::waitForEvents() {
    return m_impl->border.events.wait();
}
Latest<AttentionFrame>& Service::frames() {
    return m_impl->border.frames;
}
Journal& Service::journal() {
    return m_impl->border.journal;
}

Recorder& Service::recorder() {
    return m_impl->border.recorder;
}

} // namespace engine
