#include "app/export.h"
#include "app/database.h"
#include "app/safe_file.h"
#include "app/store/rows.h"

#include <nlohmann/json.hpp>

using namespace Qt::StringLiterals;

namespace app {

namespace {

using Json = nlohmann::ordered_json;

QString timeText(const QDateTime& time) {
    return time.toUTC().toString(Qt::ISODateWithMs);
}

Json asJson(const Message& message) {
    Json json;
    json["id"] = message.id;
    json["parent"] = message.parent == 0 ? Json() : Json(message.parent);
    json["role"] = store::name(message.role).toStdString();
    json["state"] = store::name(message.state).toStdString();
    json["created"] = timeText(message.created).toStdString();
    if (!message.model.isEmpty())
        json["model"] = message.model.toStdString();
    if (message.role == Role::Assistant) {
        json["tokens"] = message.tokens;
        json["tokens_per_second"] = message.tokensPerSecond;
    }
    json["text"] = message.text.toStdString();
    return json;
}

QByteArray jsonExport(Database& database, const ChatSummary& chat) {
    Json json;
    json["format"] = kExportFormatName;
    json["version"] = kExportVersion;
    json["title"] = chat.title.toStdString();
    json["system_prompt"] = chat.systemPrompt.toStdString();
    json["created"] = timeText(chat.created).toStdString();
    json["updated"] = timeText(chat.updated).toStdString();
    const MessageId leaf = database.activeLeaf(chat.id);
    json["active_leaf"] = leaf == 0 ? Json() : Json(leaf);
    json["messages"] = Json::array();
    for (const Message& message : database.allMessages(chat.id))
        json["messages"].push_back(asJson(message));
    return QByteArray::fromStdString(json.dump(1)) + '\n';
}

QString speaker(const Message& message) {
    switch (message.role) {
    case Role::System:
        return u"System"_s;
    case Role::User:
        return u"You"_s;
    case Role::Assistant:
        return message.model.isEmpty() ? u"Assistant"_s : message.model;
    }
    return {};
}

QString remark(MessageState state) {
    switch (state) {
    case MessageState::Streaming:
        return u"still being written"_s;
    case MessageState::Stopped:
        return u"stopped"_s;
    case MessageState::Interrupted:
        return u"interrupted"_s;
    case MessageState::Error:
        return u"ended by an error"_s;
    case MessageState::Done:
        break;
    }
    return {};
}

QString quoted(QString text) {
    return u"> "_s + text.replace(u'\n', u"\n> "_s);
}

QByteArray markdownExport(Database& database, const ChatSummary& chat) {
    QString text = u"# %1\n"_s.arg(chat.title.simplified());
    if (!chat.systemPrompt.isEmpty())
        text += u'\n' + quoted(chat.systemPrompt) + u'\n';
    for (const Message& message : database.branch(chat.id)) {
        text += u"\n## %1\n\n"_s.arg(speaker(message)) + message.text + u'\n';
        if (const QString why = remark(message.state); !why.isEmpty())
            text += u"\n*(%1)*\n"_s.arg(why);
    }
    return text.toUtf8();
}

QByteArray plainExport(Database& database, const ChatSummary& chat) {
    QString text = chat.title.simplified() + u'\n';
    if (!chat.systemPrompt.isEmpty())
        text += u"\n[System]\n"_s + chat.systemPrompt + u'\n';
    for (const Message& message : database.branch(chat.id)) {
        const QString when = message.created.toLocalTime().toString(u"yyyy-MM-dd hh:mm"_s);
        text += u"\n[%1, %2]\n"_s.arg(speaker(message), when) + message.text + u'\n';
        if (const QString why = remark(message.state); !why.isEmpty())
            text += u"(%1)\n"_s.arg(why);
    }
    return text.toUtf8();
}

} // namespace

QByteArray exportChat(Database& database, ChatId id, ExportFormat format) {
    std::optional<ChatSummary> chat = database.chat(id);
    if (!chat)
        throw StoreError(StoreError::Kind::Other, u"There is no chat %1."_s.arg(id));
    chat->title = database.wholeTitle(id);
    switch (format) {
    case ExportFormat::Markdown:
        return markdownExport(database, *chat);
    case ExportFormat::PlainText:
        return plainExport(database, *chat);
    case ExportFormat::Json:
        break;
    }
    return jsonExport(database, *chat);
}

void exportChatToFile(Database& database, ChatId chat, ExportFormat format, const QString& path) {
    writeFile(path, exportChat(database, chat, format));
}

} // namespace app
