#include "engine/session/answer_so_far.h"

#include <algorithm>

namespace engine {

Session::Observer AnswerSoFar::watch(const Session::Observer& observer) {
    Session::Observer watched = observer;
    watched.token = [this, &observer](TokenId token, const std::string& text, const CacheStatus& status) {
        m_text += text;
        m_last = Clock::now();
        if (m_tokens == 0)
            m_first = m_last;
        m_tokens += token == NoToken ? 0 : 1;
        if (observer.token)
            observer.token(token, text, status);
    };
    return watched;
}

// What was held back (half a character, the beginning of a stop word) is generated again.
ChatRequest AnswerSoFar::rest(const ChatRequest& request) const {
    ChatRequest rest = request;
    if (rest.maxTokens > 0)
        rest.maxTokens = std::max(1, rest.maxTokens - m_tokens);
    if (m_text.empty())
        return rest;
    if (rest.purpose == Purpose::Answer)
        rest.history.push_back({rest.answerId, Role::Assistant, {}});
    rest.history.back().text += m_text;
    rest.purpose = Purpose::Continue;
    return rest;
}

GenerationResult AnswerSoFar::with(GenerationResult rest) const {
    rest.generatedTokens += m_tokens;
    rest.generateSeconds += std::chrono::duration<double>(m_last - m_first).count();
    return rest;
}

} // namespace engine
