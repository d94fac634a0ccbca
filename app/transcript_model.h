#pragma once
#include "app/chat_types.h"

#include <QObject>

namespace app {

/// The messages of the open chat, as the transcript view shows them. Main thread only; owned by ChatController, changed only by it.
class TranscriptModel : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    int count() const { return static_cast<int>(m_messages.size()); }
    const Message& at(int row) const { return m_messages.at(row); }
    const QList<Message>& messages() const { return m_messages; }
    int rowOf(MessageId id) const; // -1: not here
    /// False while older messages of the branch are still being read: they come by prepended().
    bool isWhole() const { return m_isWhole; }

    /// Memory horizon: rows before it, and the first `charOffset` UTF-16 units of it, are no longer seen. -1: everything is seen.
    int horizonRow() const { return m_horizonRow; }
    int horizonOffset() const { return m_horizonOffset; }
    qint64 forgottenTokens() const { return m_forgottenTokens; }

    // For the controller.
    void reset(QList<Message> messages, bool isWhole = true);
    void prepend(const QList<Message>& older, bool isWhole);
    void append(const Message& message);
    void growText(int row, const QString& more);
    void change(int row, const Message& message);
    void truncate(int count); // drops the rows from `count` on
    void setHorizon(int row, int charOffset, qint64 forgottenTokens);

Q_SIGNALS:
    void wasReset();
    void prepended(int count); // all rows have moved down by that
    void appended(int row);
    void textGrew(int row, int from); // text()[from..] is new
    void changed(int row);            // state, version or text
    void truncated(int count);
    void horizonMoved();

private:
    QList<Message> m_messages;
    bool m_isWhole = true;
    int m_horizonRow = -1;
    int m_horizonOffset = 0;
    qint64 m_forgottenTokens = 0;
};

} // namespace app
