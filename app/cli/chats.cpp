#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/cli/values.h"
#include "app/database.h"
#include "app/export.h"
#include "app/paths.h"
#include "app/presentable.h"

#include <QFile>

#include <cstdio>
#include <memory>

#include <unistd.h>

using namespace Qt::StringLiterals;

// sumidero-cli chats: the transcripts from the command line. All but `import` only read, and so work beside
// the running program.
namespace cli {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string database;
    app::ExportFormat format = app::ExportFormat::Markdown;
    std::string output;
    std::string file;
    std::vector<std::string> words;
    long long chat = 0;
    int limit = 50;
    bool json = false;
};

std::unique_ptr<app::Database> open(const Options& options, app::Access access) {
    const QString path =
        options.database.empty() ? app::databasePath() : QString::fromLocal8Bit(options.database);
    auto database = app::Database::open(path, access);
    if (access == app::Access::ReadWrite && database->access() != access)
        throw app::StoreError(app::StoreError::Kind::ReadOnly, database->notice()); // says why
    if (!database->notice().isEmpty())
        complain(database->notice().toStdString());
    return database;
}

app::ChatSummary find(app::Database& database, app::ChatId id) {
    const std::optional<app::ChatSummary> chat = database.chat(id);
    if (!chat)
        throw app::StoreError(app::StoreError::Kind::Other, u"There is no chat %1."_s.arg(id));
    return *chat;
}

std::string oneLine(const QString& text) {
    return app::presentable(text).toStdString();
}

std::string lines(const QString& text) {
    return engine::presentableLines(text.toStdString());
}

std::string iso(const QDateTime& time) {
    return time.toUTC().toString(Qt::ISODateWithMs).toStdString();
}

void print(const Json& json) {
    printJson(json, -1);
}

Json asJson(const app::ChatSummary& chat) {
    return {{"id", chat.id},
            {"title", chat.title.toStdString()},
            {"messages", chat.messages},
            {"created", iso(chat.created)},
            {"updated", iso(chat.updated)}};
}

void list(const Options& options) {
    const auto database = open(options, app::Access::ReadOnly);
    Json json{{"chats", Json::array()}};
    for (const app::ChatSummary& chat : database->chats()) {
        if (options.json)
            json["chats"].push_back(asJson(chat));
        else
            std::printf("%6lld  %s  %5d  %s\n", static_cast<long long>(chat.id),
                        qPrintable(chat.updated.toString(u"yyyy-MM-dd hh:mm"_s)), chat.messages,
                        oneLine(chat.title).c_str());
    }
    if (options.json)
        print(json);
}

Json asJson(const app::Message& message) {
    static constexpr const char* kRoles[] = {"system", "user", "assistant"};
    static constexpr const char* kStates[] = {"streaming", "done", "stopped", "interrupted", "error"};
    return {{"id", message.id},
            {"parent", message.parent},
            {"role", kRoles[static_cast<int>(message.role)]},
            {"state", kStates[static_cast<int>(message.state)]},
            {"version", message.version},
            {"versions", message.versions},
            {"model", message.model.toStdString()},
            {"tokens", message.tokens},
            {"tokens_per_second", message.tokensPerSecond},
            {"created", iso(message.created)},
            {"text", message.text.toStdString()}};
}

void show(const Options& options) {
    const auto database = open(options, app::Access::ReadOnly);
    const app::ChatSummary chat = find(*database, options.chat);
    if (!options.json) {
        const QByteArray text = exportChat(*database, chat.id, app::ExportFormat::PlainText);
        std::printf("%s", lines(QString::fromUtf8(text)).c_str());
        return;
    }
    Json json = asJson(chat);
    json["system_prompt"] = chat.systemPrompt.toStdString();
    json["branch"] = Json::array();
    for (const app::Message& message : database->branch(chat.id))
        json["branch"].push_back(asJson(message));
    print(json);
}

void exportTo(const Options& options) {
    const auto database = open(options, app::Access::ReadOnly);
    if (options.output.empty()) {
        const QByteArray text = exportChat(*database, options.chat, options.format);
        // A file gets every character as it is; on a terminal none of them may do anything.
        const std::string shown =
            isatty(STDOUT_FILENO) ? engine::presentableLines(text.toStdString()) : text.toStdString();
        std::fwrite(shown.data(), 1, shown.size(), stdout);
        return;
    }
    exportChatToFile(*database, options.chat, options.format, QString::fromLocal8Bit(options.output));
    if (options.json)
        print({{"exported", options.output}});
}

void import(const Options& options) {
    const QString name = QString::fromLocal8Bit(options.file);
    QFile input(name);
    const bool opened =
        options.file == "-" ? input.open(stdin, QIODevice::ReadOnly) : input.open(QIODevice::ReadOnly);
    if (!opened)
        throw app::StoreError(app::StoreError::Kind::Other,
                              u"%1 could not be read: %2."_s.arg(name, input.errorString()));
    const auto database = open(options, app::Access::ReadWrite);
    const app::ChatId chat = importChat(*database, input);
    if (options.json)
        print({{"chat", chat}});
    else
        std::printf("Imported as chat %lld.\n", static_cast<long long>(chat));
}

void search(const Options& options) {
    QStringList words;
    for (const std::string& word : options.words)
        words.append(QString::fromLocal8Bit(word));
    const auto database = open(options, app::Access::ReadOnly);
    Json json{{"hits", Json::array()}};
    for (const app::SearchHit& hit : database->search(words.join(u' '), options.limit)) {
        QString snippet = hit.snippet;
        snippet.remove(QChar(0xe000)).remove(QChar(0xe001));
        if (options.json)
            json["hits"].push_back({{"chat", hit.chat},
                                    {"message", hit.message},
                                    {"title", hit.chatTitle.toStdString()},
                                    {"created", iso(hit.created)},
                                    {"snippet", snippet.toStdString()}});
        else
            std::printf("%6lld  %s: %s\n", static_cast<long long>(hit.chat), oneLine(hit.chatTitle).c_str(),
                        lines(snippet).c_str());
    }
    if (options.json)
        print(json);
}

CLI::App* command(CLI::App& chats, const char* name, const char* what,
                  const std::shared_ptr<Options>& options, void (*run)(const Options&)) {
    CLI::App* added = chats.add_subcommand(name, what);
    added->add_option("--database", options->database, "The transcripts (default: the program's own)");
    added->add_flag("--json", options->json, "Print one JSON object");
    added->callback([options, run] { run(*options); });
    return added;
}

} // namespace

void addChats(CLI::App& app) {
    CLI::App* chats = app.add_subcommand("chats", "List, show, export, import and search the stored chats");
    chats->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    command(*chats, "list", "All chats, the newest first", options, list);
    CLI::App* shown = command(*chats, "show", "The messages of a chat", options, show);
    CLI::App* exported =
        command(*chats, "export", "A chat as Markdown, lossless JSON or plain text", options, exportTo);
    for (CLI::App* one : {shown, exported})
        addWhole(*one, "chat", options->chat, RowNumber, "Its number, as printed by list")->required();
    const Choices<app::ExportFormat> formats{{"markdown", app::ExportFormat::Markdown},
                                             {"json", app::ExportFormat::Json},
                                             {"text", app::ExportFormat::PlainText}};
    addChoice(*exported, "--format", options->format, formats, "markdown, json or text");
    exported->add_option("--output", options->output, "A file instead of the standard output");
    CLI::App* imported = command(*chats, "import", "Add a chat from a JSON export", options, import);
    imported->add_option("file", options->file, "The file; - reads the standard input")->required();
    CLI::App* searched = command(*chats, "search", "Find words in titles and messages", options, search);
    searched->add_option("words", options->words, "Beginnings of words; all must occur")->required();
    addWhole(*searched, "--limit", options->limit, {1, 1'000'000}, "At most this many");
}

} // namespace cli
