#pragma once
#include "app/transcript_store.h"

#include <QObject>
#include <QTimer>

namespace app {

/// The unsent text of the open chat: saved 400 ms after the last key, and at once when the chat changes. Main
/// thread; owned by the controller.
class DraftKeeper : public QObject {
    Q_OBJECT
public:
    DraftKeeper(TranscriptStore& store, QObject* parent);

    void setChat(ChatId chat); // saves what is left of the chat before
    void adopt(ChatId chat);   // the open chat was stored and has an id now
    void change(const QString& text);
    const QString& newChatDraft() const { return m_newChatDraft; }
    void setNewChatDraft(const QString& text) { m_newChatDraft = text; }
    const QString& text() const { return m_text; }
    void forget(); // the text was sent
    void flush();

private:
    TranscriptStore& m_store;
    ChatId m_chat = 0;
    QString m_text;
    QString m_newChatDraft; // of the chat that is not stored yet
    bool m_changed = false;
    QTimer m_timer;
};

} // namespace app
