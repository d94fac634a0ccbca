#pragma once
#include "app/chat_types.h"

#include <QByteArray>

class QIODevice;

namespace app {

class Database;

enum class ExportFormat { Markdown, Json, PlainText };

constexpr const char* kExportFormatName = "sumidero-chat";
constexpr int kExportVersion = 1;

/// One chat as text. JSON is lossless (the whole tree, states, times, system prompt; schema number inside) and can be imported again;
/// Markdown and plain text show the active branch. Database thread.
QByteArray exportChat(Database& database, ChatId chat, ExportFormat format);
/// Whole or not at all (safe_file.h). Throws StoreError.
void exportChatToFile(Database& database, ChatId chat, ExportFormat format, const QString& path);
/// Adds the chat of a JSON export; new ids, same content. It is read as it comes, up to 1 GB, with one message in memory. Throws StoreError
/// with a sentence for anything that is not such a file; then nothing was added.
ChatId importChat(Database& database, QIODevice& device);
ChatId importChat(Database& database, const QByteArray& json);
/// The chat of which this is an export, be it an older one: begun at the same moment with the same first message. 0: it is not here. Throws
/// as importChat() does.
ChatId findExported(Database& database, QIODevice& device);
ChatId findExported(Database& database, const QByteArray& json);

} // namespace app
