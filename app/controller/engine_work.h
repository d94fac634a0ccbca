#pragma once
#include "app/controller/turn.h"

#include <cassert>
#include <utility>

namespace app {

/// What the engine does for the controller: one thing at a time.
///
///     Idle --- prepare() ---> Preparing --- stop() ---> Stopping
///     Idle --- answer() ----> Answering --- stop() ---> Stopping
///     any of the three ------ over() -----------------> Idle
///
/// Beside it stands whether the open chat is still to be read ahead: wanted() from the moment when its text, its settings or the chat
/// itself changed until the engine is asked for it. Main thread; owned by the controller, which asks the engine.
class EngineWork {
public:
    enum class State { Idle, Preparing, Answering, Stopping };

    State state() const { return m_state; }
    bool isIdle() const { return m_state == State::Idle; }
    bool isOurs(engine::RequestId id) const { return m_reply && id == m_reply.id(); }
    /// Whose answer it is, also while it is being stopped; null: none.
    const std::shared_ptr<Turn>& turn() const { return m_turn; }
    /// Which opening of a chat is read ahead, also while that is being stopped; -1: none.
    int view() const { return m_view; }

    void prepare(engine::Reply reply, int view) {
        enter(State::Preparing, std::move(reply));
        m_view = view;
    }
    void answer(engine::Reply reply, std::shared_ptr<Turn> turn) {
        enter(State::Answering, std::move(reply));
        m_turn = std::move(turn);
    }
    /// The engine goes on until over().
    void stop() {
        if (m_state != State::Preparing && m_state != State::Answering)
            return;
        m_state = State::Stopping;
        m_reply.stop();
    }
    /// The request has ended, in whatever way. Its turn, or null.
    std::shared_ptr<Turn> over() {
        assert(!isIdle());
        m_state = State::Idle;
        m_reply = {};
        m_view = -1;
        return std::exchange(m_turn, nullptr);
    }

    bool wanted() const { return m_wanted; }
    void setWanted(bool wanted) { m_wanted = wanted; }

private:
    void enter(State state, engine::Reply reply) {
        assert(isIdle() && reply);
        m_state = state;
        m_reply = std::move(reply);
    }

    State m_state = State::Idle;
    engine::Reply m_reply;
    std::shared_ptr<Turn> m_turn;
    int m_view = -1;
    bool m_wanted = false;
};

} // namespace app
