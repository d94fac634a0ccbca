#include "app/database.h"
#include "app/export.h"
#include "app/store/rows.h"

#include <QBuffer>
#include <QFile>
#include <QHash>

#include <algorithm>
#include <array>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <streambuf>
#include <utility>
#include <vector>

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

/// What a file may hold; a chat of 100,000 messages has a tenth of it.
constexpr qint64 kMostBytes = qint64(1) << 30;
constexpr int kDeepest = 4; // lists and objects in each other; a chat has three

/// A device as the parser reads it: in blocks, and not for ever.
class Source : public std::streambuf {
public:
    explicit Source(QIODevice& device) : m_device(device) {}

protected:
    int_type underflow() override {
        const qint64 size = m_device.read(m_block.data(), static_cast<qint64>(m_block.size()));
        if (size < 0)
            throw StoreError(StoreError::Kind::Other,
                             u"The file could not be read: %1."_s.arg(m_device.errorString()));
        m_read += size;
        if (m_read > kMostBytes)
            throw refused(u"it is larger than 1 GB"_s);
        setg(m_block.data(), m_block.data(), m_block.data() + size);
        return size == 0 ? traits_type::eof() : traits_type::to_int_type(m_block[0]);
    }

private:
    QIODevice& m_device;
    std::vector<char> m_block = std::vector<char>(1 << 16);
    qint64 m_read = 0;
};

/// Takes a chat as it is parsed: no more than one message is in memory. Inside a transaction: what is refused
/// in the end was never there.
class Import {
public:
    explicit Import(Database& database) : m_database(database) {}

    ChatId run(QIODevice& device) {
        m_chat.id = m_database.insertChat(m_chat); // its messages may come before its title
        Source source(device);
        std::istream stream(&source);
        const Json rest = Json::parse(
            stream,
            [this](int depth, Json::parse_event_t event, Json& value) { return take(depth, event, value); },
            /*allow_exceptions=*/false);
        if (!rest.is_object())
            throw refused(u"it is not a JSON object"_s);
        checkKind(rest);
        if (!m_hasMessages)
            throw refused(u"\"messages\" is missing"_s);
        m_chat.title = textOf(rest, "title");
        m_chat.systemPrompt = textOf(rest, "system_prompt");
        m_chat.created = timeOf(rest, "created");
        m_chat.updated = timeOf(rest, "updated");
        m_database.updateChat(m_chat);
        if (const MessageId leaf = idOf(rest, "active_leaf"); leaf != 0)
            m_database.setActiveLeaf(m_chat.id, renamed(leaf));
        return m_chat.id;
    }

private:
    using Event = Json::parse_event_t;

    /// False: what was parsed is not kept.
    bool take(int depth, Event event, Json& value) {
        const bool begins = event == Event::object_start || event == Event::array_start;
        if (begins && depth == 0 && event == Event::array_start)
            throw refused(u"it is not a JSON object"_s);
        if (begins && depth > kDeepest)
            throw refused(u"it is nested too deeply"_s);
        if (event == Event::key && depth == 1)
            return takeKey(value.get_ref<const std::string&>());
        if (m_key != "messages" || depth == 0)
            return true;
        if (depth == 1 && event != Event::array_start && event != Event::array_end)
            throw refused(u"\"messages\" is not a list"_s);
        if (depth == 2 && (event == Event::array_start || event == Event::value))
            throw refused(u"a message is not an object"_s);
        if (depth != 2 || event != Event::object_end)
            return true;
        takeMessage(messageOf(value));
        return false;
    }

    bool takeKey(const std::string& key) {
        static constexpr std::array kKnown{"format",  "version", "title",       "system_prompt",
                                           "created", "updated", "active_leaf", "messages"};
        m_key = key;
        if (key == "messages" && std::exchange(m_hasMessages, true))
            throw refused(u"\"messages\" is there twice"_s);
        return std::find(kKnown.begin(), kKnown.end(), key) != kKnown.end();
    }

    void takeMessage(Message message) {
        const MessageId old = message.id;
        if (old == 0 || m_ids.contains(old))
            throw refused(u"a message has no number of its own"_s);
        message.chat = m_chat.id;
        message.parent = renamed(message.parent);
        m_ids.insert(old, m_database.insertMessage(message));
    }

    MessageId renamed(MessageId old) const {
        if (old == 0)
            return 0;
        if (!m_ids.contains(old))
            throw refused(u"message %1 does not come before what refers to it"_s.arg(old));
        return m_ids.value(old);
    }

    static void checkKind(const Json& json) {
        if (textOf(json, "format") != QLatin1StringView(kExportFormatName))
            throw refused(u"it has another format"_s);
        const Json& version = member(json, "version");
        if (!version.is_number_integer() || version.get<qint64>() < 1)
            throw refused(u"it has no version"_s);
        if (version.get<qint64>() > kExportVersion)
            throw StoreError(StoreError::Kind::Newer,
                             u"This chat was exported by a newer Sumidero, which is needed to import it."_s);
    }

    Database& m_database;
    ChatSummary m_chat;
    std::string m_key; // of the whole, that is being read
    bool m_hasMessages = false;
    QHash<MessageId, MessageId> m_ids; // in the file, here
};

/// The first message of a chat, whatever its versions.
const Message* firstOf(const QList<Message>& messages) {
    for (const Message& message : messages) {
        if (message.parent == 0)
            return &message;
    }
    return nullptr;
}

/// Another chat that was begun at the same moment with the same first message.
ChatId twinOf(Database& database, ChatId imported) {
    const QDateTime created = database.chat(imported)->created;
    const QList<Message> messages = database.allMessages(imported);
    const Message* first = firstOf(messages);
    for (const ChatSummary& chat : database.chats()) {
        if (chat.created != created || chat.id == imported)
            continue;
        const QList<Message> here = database.allMessages(chat.id);
        const Message* same = firstOf(here);
        if ((first == nullptr) == (same == nullptr) &&
            (first == nullptr || (first->text == same->text && first->created == same->created)))
            return chat.id;
    }
    return 0;
}

} // namespace

ChatId importChat(Database& database, QIODevice& device) {
    ChatId chat = 0;
    database.runInTransaction([&] { chat = Import(database).run(device); });
    return chat;
}

ChatId importChat(Database& database, const QByteArray& json) {
    QBuffer buffer;
    buffer.setData(json);
    buffer.open(QIODevice::ReadOnly);
    return importChat(database, buffer);
}

ChatId findExported(Database& database, QIODevice& device) {
    struct OnlyLooked {}; // takes back what was imported to look at it
    ChatId found = 0;
    try {
        database.runInTransaction([&] {
            found = twinOf(database, Import(database).run(device));
            throw OnlyLooked();
        });
    } catch (const OnlyLooked&) {
        return found;
    }
    return found;
}

ChatId findExported(Database& database, const QByteArray& json) {
    QBuffer buffer;
    buffer.setData(json);
    buffer.open(QIODevice::ReadOnly);
    return findExported(database, buffer);
}

} // namespace app
