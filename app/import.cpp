#include "app/database.h"
#include "app/export.h"
#include "app/store/rows.h"

#include <QHash>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

using namespace Qt::StringLiterals;

// A JSON export comes from anywhere: every value is checked, nothing is stored unless all of it is right.
namespace app {

namespace {

using Json = nlohmann::json;

StoreError refused(const QString& why) {
    return {StoreError::Kind::Other, u"This is not a chat exported by Sumidero: %1."_s.arg(why)};
}

const Json& member(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end())
        throw refused(u"\"%1\" is missing"_s.arg(QLatin1StringView(key)));
    return *found;
}

QString textOf(const Json& object, const char* key) {
    const Json& value = member(object, key);
    if (!value.is_string())
        throw refused(u"\"%1\" is not a text"_s.arg(QLatin1StringView(key)));
    return QString::fromStdString(value.get_ref<const std::string&>());
}

QDateTime timeOf(const Json& object, const char* key) {
    const QDateTime time = QDateTime::fromString(textOf(object, key), Qt::ISODateWithMs);
    if (!time.isValid())
        throw refused(u"\"%1\" is not a time"_s.arg(QLatin1StringView(key)));
    return time;
}

/// 0 for null.
qint64 idOf(const Json& object, const char* key) {
    const Json& value = member(object, key);
    if (value.is_null())
        return 0;
    const bool tooLarge = value.is_number_unsigned() &&
                          value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<qint64>::max());
    if (!value.is_number_integer() || tooLarge || value.get<qint64>() <= 0)
        throw refused(u"\"%1\" is not a number of a message"_s.arg(QLatin1StringView(key)));
    return value.get<qint64>();
}

template <class Enum>
Enum nameOf(const Json& object, const char* key) {
    Enum value{};
    if (!store::fromName(textOf(object, key), value))
        throw refused(u"unknown \"%1\""_s.arg(QLatin1StringView(key)));
    return value;
}

double numberOf(const Json& object, const char* key, double most) {
    const auto found = object.find(key);
    if (found == object.end())
        return 0;
    if (!found->is_number() || !(found->get<double>() >= 0 && found->get<double>() <= most))
        throw refused(u"\"%1\" is not a sensible number"_s.arg(QLatin1StringView(key)));
    return found->get<double>();
}

Message messageOf(const Json& json) {
    if (!json.is_object())
        throw refused(u"a message is not an object"_s);
    Message message;
    message.id = idOf(json, "id");
    message.parent = idOf(json, "parent");
    message.role = nameOf<Role>(json, "role");
    message.state = nameOf<MessageState>(json, "state");
    if (message.state == MessageState::Streaming) // exported while it was being written
        message.state = MessageState::Interrupted;
    message.created = timeOf(json, "created");
    message.text = textOf(json, "text");
    if (json.contains("model"))
        message.model = textOf(json, "model");
    message.tokens = static_cast<int>(numberOf(json, "tokens", std::numeric_limits<int>::max()));
    message.tokensPerSecond = numberOf(json, "tokens_per_second", std::numeric_limits<double>::max());
    return message;
}

Json parsed(const QByteArray& bytes) {
    const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
    if (!json.is_object())
        throw refused(u"it is not a JSON object"_s);
    if (textOf(json, "format") != QLatin1StringView(kExportFormatName))
        throw refused(u"it has another format"_s);
    const Json& version = member(json, "version");
    if (!version.is_number_integer() || version.get<qint64>() < 1)
        throw refused(u"it has no version"_s);
    if (version.get<qint64>() > kExportVersion)
        throw StoreError(StoreError::Kind::Newer,
                         u"This chat was exported by a newer Sumidero, which is needed to import it."_s);
    if (!member(json, "messages").is_array())
        throw refused(u"\"messages\" is not a list"_s);
    return json;
}

MessageId renamed(const QHash<MessageId, MessageId>& ids, MessageId old) {
    if (old == 0)
        return 0;
    if (!ids.contains(old))
        throw refused(u"message %1 does not come before what refers to it"_s.arg(old));
    return ids.value(old);
}

/// The first message of a chat, whatever its versions.
const Message* firstOf(const QList<Message>& messages) {
    for (const Message& message : messages) {
        if (message.parent == 0)
            return &message;
    }
    return nullptr;
}

} // namespace

ChatId findExported(Database& database, const QByteArray& bytes) {
    const Json json = parsed(bytes);
    const QDateTime created = timeOf(json, "created");
    QList<Message> messages;
    if (!json["messages"].empty())
        messages.append(messageOf(json["messages"].front()));
    const Message* first = firstOf(messages);
    for (const ChatSummary& chat : database.chats()) {
        if (chat.created != created)
            continue;
        const QList<Message> here = database.allMessages(chat.id);
        const Message* same = firstOf(here);
        if ((first == nullptr) == (same == nullptr) &&
            (first == nullptr || (first->text == same->text && first->created == same->created)))
            return chat.id;
    }
    return 0;
}

ChatId importChat(Database& database, const QByteArray& bytes) {
    const Json json = parsed(bytes);
    ChatSummary chat;
    chat.title = textOf(json, "title");
    chat.systemPrompt = textOf(json, "system_prompt");
    chat.created = timeOf(json, "created");
    chat.updated = timeOf(json, "updated");
    const MessageId oldLeaf = idOf(json, "active_leaf");
    database.runInTransaction([&] {
        chat.id = database.insertChat(chat);
        QHash<MessageId, MessageId> ids;
        for (const Json& item : json["messages"]) {
            Message message = messageOf(item);
            const MessageId old = message.id;
            if (old == 0 || ids.contains(old))
                throw refused(u"a message has no number of its own"_s);
            message.chat = chat.id;
            message.parent = renamed(ids, message.parent);
            ids.insert(old, database.insertMessage(message));
        }
        if (oldLeaf != 0)
            database.setActiveLeaf(chat.id, renamed(ids, oldLeaf));
    });
    return chat.id;
}

} // namespace app
