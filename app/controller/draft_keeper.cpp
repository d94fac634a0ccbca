#include "app/controller/draft_keeper.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace app {
namespace {

// Texts stand in their own table, edits among the settings: "state.edit.<chat>".
const QString EditKey = u"state.edit."_s;

QString packed(const Draft& draft) {
    if (draft.edited == 0)
        return {};
    const QJsonObject edit{{u"message"_s, static_cast<qint64>(draft.edited)}, {u"text"_s, draft.edit}};
    return QString::fromUtf8(QJsonDocument(edit).toJson(QJsonDocument::Compact));
}

void unpack(const QString& value, Draft& draft) {
    const QJsonObject edit = QJsonDocument::fromJson(value.toUtf8()).object();
    draft.edited = edit.value("message"_L1).toInteger();
    draft.edit = edit.value("text"_L1).toString();
}

} // namespace

DraftKeeper::DraftKeeper(TranscriptStore& store, QObject* parent) : QObject(parent), m_store(store) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(400);
    connect(&m_timer, &QTimer::timeout, this, &DraftKeeper::flush);
}

QHash<ChatId, Draft> DraftKeeper::read(Database& database, const QMap<QString, QString>& settings) {
    QHash<ChatId, Draft> drafts;
    const QHash<ChatId, QString> texts = database.drafts();
    for (auto text = texts.begin(); text != texts.end(); ++text)
        drafts[text.key()].text = text.value();
    for (auto setting = settings.lowerBound(EditKey);
         setting != settings.end() && setting.key().startsWith(EditKey); ++setting)
        unpack(setting.value(), drafts[setting.key().mid(EditKey.size()).toLongLong()]);
    return drafts;
}

void DraftKeeper::load(const QHash<ChatId, Draft>& drafts) {
    for (auto draft = drafts.begin(); draft != drafts.end(); ++draft) {
        if (!m_changedTexts.contains(draft.key()) && !m_changedEdits.contains(draft.key()))
            m_drafts[draft.key()] = draft.value();
    }
}

void DraftKeeper::setChat(ChatId chat) {
    flush();
    m_chat = chat;
}

void DraftKeeper::adopt(ChatId temporary, ChatId real) {
    m_drafts[real] = m_drafts.take(temporary);
    if (m_chat == temporary)
        m_chat = real;
    m_changedTexts += {temporary, real};
    if (m_changedEdits.remove(temporary))
        m_changedEdits += real;
    flush();
}

void DraftKeeper::changeText(const QString& text) {
    if (m_drafts.value(m_chat).text == text)
        return;
    m_drafts[m_chat].text = text;
    changedNow(m_changedTexts);
}

void DraftKeeper::changeEdit(MessageId message, const QString& text) {
    Draft& draft = m_drafts[m_chat];
    draft.edited = message;
    draft.edit = message == 0 ? QString() : text;
    changedNow(m_changedEdits);
}

void DraftKeeper::changedNow(QSet<ChatId>& what) {
    what += m_chat;
    m_timer.start();
}

void DraftKeeper::sent(const QString& text) {
    if (Draft& draft = m_drafts[m_chat]; draft.text == text) {
        draft.text.clear();
        m_changedTexts -= m_chat;
    }
}

void DraftKeeper::stored(ChatId chat) {
    if (chat < 0)
        return;
    m_changedTexts += chat;
    flush();
}

void DraftKeeper::replaceId(MessageId temporary, MessageId real) {
    for (Draft& draft : m_drafts) {
        if (draft.edited == temporary && temporary != 0)
            draft.edited = real;
    }
}

void DraftKeeper::closeNow(const std::shared_ptr<Rescue>& rescue) {
    m_timer.stop();
    const auto changed = m_changedTexts + m_changedEdits; // what is on its way to the store is not among them
    for (const ChatId chat : changed) {
        m_store.runLast([chat, draft = m_drafts.value(chat), hasEdit = m_changedEdits.contains(chat),
                         rescue](Database* database) {
            try {
                if (database && chat >= 0) {
                    database->saveDraft(chat, draft.text);
                    if (hasEdit)
                        database->saveSetting(EditKey + QString::number(chat), packed(draft));
                    return;
                }
            } catch (const std::exception&) {
                // To the others.
            }
            rescue->add(tr("Not sent"), draft.text);
            rescue->add(tr("A message that was being changed"), draft.edit);
        });
    }
}

void DraftKeeper::flush() {
    m_timer.stop();
    if (!m_store.isOpen() || m_store.access() != Access::ReadWrite)
        return;
    // What belongs to a chat that is not stored yet has a negative id and waits for adopt().
    const auto save = [this](QSet<ChatId>& changed, auto write) {
        changed.removeIf([&](ChatId chat) {
            if (chat < 0)
                return false;
            m_store.run(
                this,
                [chat, write, draft = m_drafts.value(chat)](Database& database) {
                    write(database, chat, draft);
                },
                [] {},
                [&changed, chat](const StoreError&) { changed += chat; }); // goes along with the next one
            return true;
        });
    };
    save(m_changedTexts,
         [](Database& database, ChatId chat, const Draft& draft) { database.saveDraft(chat, draft.text); });
    save(m_changedEdits, [](Database& database, ChatId chat, const Draft& draft) {
        database.saveSetting(EditKey + QString::number(chat), packed(draft));
    });
}

} // namespace app
