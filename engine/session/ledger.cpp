#include "engine/session/ledger.h"

namespace engine {

void Ledger::label(std::int64_t id, StreamPosition begin, StreamPosition end) {
    for (StreamPosition position = begin; position < end; ++position)
        if (TokenSource& source = m_tokens[index(position)].source; source.isText)
            source.messageId = id;
}

void Ledger::trim(StreamPosition kept) {
    while (m_messages.size() > 1 && m_messages[1].begin <= kept)
        m_messages.pop_front();
}

Horizon Ledger::horizon() const {
    for (StreamPosition position = m_cache.oldest(); position < m_cache.next(); ++position) {
        const TokenSource& source = at(position).source;
        if (source.isText)
            return {source.messageId, source.byteBegin};
    }
    return m_messages.empty() ? Horizon{} : Horizon{m_messages.back().id, 0};
}

} // namespace engine
