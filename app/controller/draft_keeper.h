#pragma once
#include "app/draft.h"
#include "app/rescue.h"
#include "app/transcript_store.h"

#include <QHash>
#include <QObject>
#include <QSet>
#include <QTimer>

namespace app {

/// The unsent texts of all chats, in memory from the start, so that a chat's own is there in the moment it is chosen. Saved 400 ms after
/// the last key, and at once when another chat is chosen. Main thread; owned by the controller.
class DraftKeeper : public QObject {
    Q_OBJECT
public:
    DraftKeeper(TranscriptStore& store, QObject* parent);

    /// Everything that is kept, on the database thread. `settings` holds the edits.
    static QHash<ChatId, Draft> read(Database& database, const QMap<QString, QString>& settings);
    /// What was typed meanwhile, before the store could be read, stays.
    void load(const QHash<ChatId, Draft>& drafts);

    void setChat(ChatId chat);                 // saves what is left of the chat before
    void adopt(ChatId temporary, ChatId real); // a chat was stored; 0: the open one
    Draft current() const { return m_drafts.value(m_chat); }
    void changeText(const QString& text);
    void changeEdit(MessageId message, const QString& text); // message 0: ended
    /// The open chat's text was sent. In the store it stays until the question is there: see stored().
    void sent(const QString& text);
    void stored(ChatId chat);                            // what was sent from there
    void replaceId(MessageId temporary, MessageId real); // of an edited message
    void flush();
    /// The program ends: what flush() could not hand over is tried once more, and what the store does not take goes to `rescue`.
    void closeNow(const std::shared_ptr<Rescue>& rescue);

private:
    void changedNow(QSet<ChatId>& what);

    TranscriptStore& m_store;
    ChatId m_chat = 0; // 0: the chat that is not stored yet
    QHash<ChatId, Draft> m_drafts;
    QSet<ChatId> m_changedTexts, m_changedEdits; // since the last flush()
    QTimer m_timer;
};

} // namespace app
