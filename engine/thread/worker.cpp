#include "engine/thread/worker.h"

#include "engine/error.h"

#include <new>

namespace engine {
namespace {

constexpr int TokensPerCompareChunk = 16; // a chat in progress goes first

} // namespace

std::string currentErrorSentence() {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return "There is not enough memory for this.";
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "Something went wrong that has no name.";
    }
}

void EngineWorker::run(const std::stop_token& quit) {
    while (!quit.stop_requested()) {
        std::optional<Command> command =
            m_comparisons.empty() ? m_border.commands.wait(quit) : m_border.commands.poll();
        if (!command) {
            m_comparisons.step(quit, m_border.commands.arrival());
            continue;
        }
        // What runs ends when its own request is stopped or the program goes.
        std::stop_source either;
        const std::stop_callback byRequest(command->stop, [&either] { either.request_stop(); });
        const std::stop_callback byQuit(quit, [&either] { either.request_stop(); });
        try {
            execute(*command, either.get_token());
        } catch (...) {
            m_border.events.push(Failed{command->id, currentErrorSentence()});
        }
    }
}

void EngineWorker::execute(Command& command, const std::stop_token& stop) {
    if (auto* request = std::get_if<LoadCommand>(&command.what))
        return load(command.id, *request, stop);
    if (!m_model)
        throw Error("No model is loaded yet: choose one in the settings.");
    if (auto* request = std::get_if<ChatRequest>(&command.what))
        return chat(command.id, *request, stop);
    // Its own token, not `stop`: it outlives this call.
    m_comparisons.add(command.id, std::move(std::get<CompareRequest>(command.what)), m_model,
                      std::move(command.stop));
}

// The old model stays until the new one is ready, its cache only until then. Where it is in the way on a device, the new one is on the CPU
// until it is gone.
void EngineWorker::load(RequestId id, const LoadCommand& command, const std::stop_token& stop) {
    const auto progress = [&](float fraction) { m_border.events.push(LoadProgress{id, fraction}); };
    const bool deviceIsTaken = m_model && !m_model->runsOnCpu();
    LoadOptions beside = command.options;
    beside.mayBeSplit = beside.mayBeSplit && !deviceIsTaken;
    auto model = stop.stop_requested() ? nullptr : Model::load(command.path, beside, progress, stop);
    if (!model) {
        m_border.events.push(LoadCancelled{id});
        return;
    }
    use(std::move(model));
    if (deviceIsTaken &&
        !m_model->info.deviceProblem.empty()) { // perhaps there is room now that the old one is gone
        model = Model::load(command.path, command.options, progress, stop);
        if (model && model->info.deviceProblem.empty())
            use(std::move(model));
    }
    m_border.events.push(ModelLoaded{id, m_model->info});
}

void EngineWorker::use(std::shared_ptr<const Model> model) {
    m_comparisons.cancelAll();
    m_session = std::make_unique<Session>(model, m_session.get());
    m_session->watch({.capture = [this] { return m_border.capture(); },
                      .frames = &m_border.frames,
                      .journal = &m_border.journal,
                      .recorder = &m_border.recorder});
    m_model = std::move(model);
}

void EngineWorker::chat(RequestId id, const ChatRequest& request, const std::stop_token& stop) {
    if (stop.stop_requested()) {
        m_border.events.push(Finished{id, {.reason = StopReason::Cancelled}, m_session->status()});
        return;
    }
    int generated = 0;
    Session::Observer observer;
    observer.prefill = [&](int read, int total) {
        m_border.events.push(ReadProgress{id, read, total, m_session->status()});
    };
    observer.token = [&](TokenId token, const std::string& text, const CacheStatus& status) {
        const int tokens = token == NoToken ? 0 : 1;
        m_border.events.push(TextGenerated{id, text, tokens, status});
        generated += tokens;
        if (!m_comparisons.empty() && generated % TokensPerCompareChunk == 0)
            m_comparisons.step(stop);
        waitWhilePaused(stop);
    };
    observer.deviceFailed = [&](const std::string& sentence) {
        m_border.events.push(DeviceFailed{id, sentence});
    };
    observer.moved = [&](const ModelInfo& info) {
        m_comparisons.cancelAll();
        m_model = m_session->model();
        m_border.events.push(ModelMoved{id, info});
    };
    const GenerationResult result = m_session->run(request, observer, stop);
    m_border.events.push(Finished{id, result, m_session->status()});
}

void EngineWorker::waitWhilePaused(const std::stop_token& stop) {
    while (!m_comparisons.empty() && m_border.commands.isPaused() && !stop.stop_requested())
        m_comparisons.step(stop);
    m_border.commands.waitWhilePaused(stop);
}

} // namespace engine
