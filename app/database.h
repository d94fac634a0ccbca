#pragma once
#include "app/chat_types.h"
#include "app/store_error.h"

#include <functional>
#include <memory>
#include <optional>
#include <QHash>
#include <QMap>
#include <stop_token>

struct sqlite3;

namespace app {

/// Some of the messages of a branch that follow each other, oldest first.
struct BranchPart {
    QList<Message> messages;
    bool isWhole = false; // the branch begins with them
};

/// Messages that went to the trash together.
struct DeletedMessages {
    ChatId chat = 0;
    MessageId first = 0; // the others follow it
    MessageId parent = 0;
    qint64 time = 0;    // as the store notes it
    MessageId leaf = 0; // of the branch that was shown
    int count = 0;
};

enum class Access { ReadWrite, ReadOnly };

/// The transcripts: one SQLite file (WAL, 0600), one connection, used from one thread at a time (TranscriptStore's, or a command line's).
/// Promises: README.md of this folder. Every call is one transaction; throws StoreError.
class Database {
public:
    /// Creates, migrates (with a backup first) or opens. A newer schema, a file or folder that cannot be written and one that another
    /// process writes are opened read-only (see notice()). A damaged file is moved aside, never changed, and a new one begun with what can be
    /// read of it (see notice()). What an unclean end left in state Streaming is assembled from its chunks and marked Interrupted.
    /// With Access::ReadOnly the file is never changed or created; works beside a running program.
    static std::unique_ptr<Database> open(const QString& path, Access wanted = Access::ReadWrite);
    ~Database();

    Access access() const;
    /// Read-only for a reason that can pass (a full disk, another program): another open() later may give more.
    bool mayImprove() const;
    /// Some process, this one included, has it open for writing.
    static bool isBeingWritten(const QString& path);
    QString notice() const; // why it is read-only, or what was moved aside; empty normally
    QString path() const;

    // Chats
    QList<ChatSummary> chats(); // newest first, without the deleted ones
    std::optional<ChatSummary> chat(ChatId chat);
    QString wholeTitle(ChatId chat); // a summary has the beginning of one that is absurdly long
    ChatId createChat(const QString& title, const QString& systemPrompt);
    void renameChat(ChatId chat, const QString& title);
    void setSystemPrompt(ChatId chat, const QString& text);
    void deleteChat(ChatId chat);  // to the trash; kept 30 days, then removed by the next open()
    void restoreChat(ChatId chat); // undo

    // Messages: a tree by parent; a chat shows the branch that ends at its active leaf.
    QList<Message> branch(ChatId chat);
    /// Its newest messages, whatever the length of the chat: at least that many, with at least that many characters (UTF-16).
    BranchPart branchEnd(ChatId chat, int rows, qint64 characters);
    /// The `rows` messages of a branch that end with this one.
    BranchPart branchUpTo(ChatId chat, MessageId last, int rows);
    /// Durable (FULL) when it returns: the user's text is on disk before a token is generated.
    Message appendUserMessage(ChatId chat, MessageId parent, const QString& text);
    /// An empty answer in state Streaming; becomes the active leaf.
    Message beginAnswer(ChatId chat, MessageId parent, const QString& model);
    /// The next piece of a streaming answer (whole characters); survives kill -9 once this returns.
    void appendChunk(MessageId answer, const QString& text);
    /// Joins chunks into the text, durable.
    void finishAnswer(MessageId answer, MessageState state, int tokens, double tokensPerSecond);
    /// Back to Streaming, to be continued: chunks go on after the text it has.
    void reopenAnswer(MessageId answer);
    void setActiveLeaf(ChatId chat, MessageId leaf);
    QList<Message> versionsOf(MessageId message);
    /// The newest leaf below a message (to switch to another version).
    MessageId leafBelow(MessageId message);

    MessageId activeLeaf(ChatId chat);       // 0: none
    QList<Message> allMessages(ChatId chat); // every branch, oldest first, without version numbers

    /// A message and all that follows it, in every version, go to the trash, as chats do: from here on nothing but restoreMessages() finds
    /// them. The version beside it is shown instead, or what it followed is the end.
    DeletedMessages deleteMessage(MessageId message);
    /// They are there again, and the branch that was shown. Throws when what they followed has been deleted, too.
    void restoreMessages(const DeletedMessages& deleted);

    // For import: stored as they are, except for the id. The parent must be stored already.
    ChatId insertChat(const ChatSummary& chat);
    void updateChat(const ChatSummary& chat); // title, system prompt and times
    MessageId insertMessage(const Message& message);

    // Drafts, events, settings
    void saveDraft(ChatId chat, const QString& text); // chat 0: not yet created
    QString draft(ChatId chat);
    QHash<ChatId, QString> drafts();                                            // all that are not empty
    void recordEvent(ChatId chat, const QString& kind, const QString& details); // "evicted", "model"
    QMap<QString, QString> settings();
    void saveSetting(const QString& key, const QString& value);

    // Search: every word, as a prefix, whatever its case and accents; words of scripts written without spaces, and signs, anywhere. Titles
    // and texts of all branches; newest first.
    QList<SearchHit> search(const QString& words, int limit = 200);

    /// What runs from here on ends with StoreError::Kind::Interrupted soon after a stop; {}: never.
    void stopWith(std::stop_token stop);
    /// For tests and import: all or nothing.
    void runInTransaction(const std::function<void()>& work);
    /// integrity_check and the full-text index's own check (rank = 1); empty = all well.
    QString verify();
    /// For tests: the connection itself.
    sqlite3* handle();

private:
    Database();
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
