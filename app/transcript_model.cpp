#include "app/transcript_model.h"

namespace app {

int TranscriptModel::rowOf(MessageId id) const {
    for (int row = count() - 1; row >= 0; --row) { // the newest are asked for most
        if (m_messages[row].id == id)
            return row;
    }
    return -1;
}

void TranscriptModel::reset(QList<Message> messages, bool isWhole) {
    m_messages = std::move(messages);
    m_isWhole = isWhole;
    m_horizonRow = -1;
    m_horizonOffset = 0;
    m_forgottenTokens = 0;
    Q_EMIT wasReset();
}

void TranscriptModel::prepend(const QList<Message>& older, bool isWhole) {
    QList<Message> all;
    all.reserve(older.size() + m_messages.size());
    all.append(older);
    all.append(std::move(m_messages));
    m_messages = std::move(all);
    m_isWhole = isWhole;
    if (m_horizonRow >= 0)
        m_horizonRow += static_cast<int>(older.size());
    Q_EMIT prepended(static_cast<int>(older.size()));
}

void TranscriptModel::append(const Message& message) {
    m_messages.append(message);
    Q_EMIT appended(count() - 1);
}

void TranscriptModel::growText(int row, const QString& more) {
    const int from = static_cast<int>(m_messages[row].text.size());
    m_messages[row].text += more;
    Q_EMIT textGrew(row, from);
}

void TranscriptModel::change(int row, const Message& message) {
    m_messages[row] = message;
    Q_EMIT changed(row);
}

void TranscriptModel::truncate(int newCount) {
    if (newCount >= count())
        return;
    m_messages.resize(newCount);
    Q_EMIT truncated(newCount);
}

void TranscriptModel::setHorizon(int row, int charOffset, qint64 forgottenTokens) {
    if (row == m_horizonRow && charOffset == m_horizonOffset && forgottenTokens == m_forgottenTokens)
        return;
    m_horizonRow = row;
    m_horizonOffset = charOffset;
    m_forgottenTokens = forgottenTokens;
    Q_EMIT horizonMoved();
}

} // namespace app
