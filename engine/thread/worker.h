#pragma once
#include "engine/model.h"
#include "engine/thread/comparisons.h"
#include "engine/thread/thread_border.h"

#include <memory>
#include <stop_token>
#include <string>

namespace engine {

/// What the engine thread does: commands in order, comparisons in between. Owns the model and the session.
class EngineWorker {
public:
    explicit EngineWorker(ThreadBorder& border) : m_border(border), m_comparisons(border.events) {}
    void run(const std::stop_token& quit);

private:
    void execute(Command& command, const std::stop_token& stop);
    void load(RequestId id, const LoadCommand& command, const std::stop_token& stop);
    void use(std::shared_ptr<const Model> model);
    void chat(RequestId id, const ChatRequest& request, const std::stop_token& stop);
    void waitWhilePaused(const std::stop_token& stop);

    ThreadBorder& m_border;
    Comparisons m_comparisons;
    std::shared_ptr<const Model> m_model;
    std::unique_ptr<Session> m_session;
};

/// The exception being handled as a sentence for people.
std::string currentErrorSentence();

} // namespace engine
