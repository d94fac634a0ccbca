#include "app/presentable.h"
#include "app/store/database_impl.h"
#include "app/store/rows.h"

#include <algorithm>

using namespace Qt::StringLiterals;

// Two ways to find a word. The full-text index finds the beginnings of words, whatever their case and
// accents. Scripts written without spaces have no word beginnings it could know (and their words are often
// shorter than a trigram), and signs such as "->" are in no index: for those the texts themselves are read,
// newest first.
namespace app {

using store::Connection;
using store::Query;

namespace {

constexpr QChar kMatchBegin(0xe000);
constexpr QChar kMatchEnd(0xe001);
constexpr qsizetype kBefore = 40; // characters of a snippet round its match
constexpr qsizetype kAfter = 80;
constexpr int kLongestSnippet = 4000; // bytes; a "word" may be as long as a text
constexpr qsizetype kMostWords = 32;  // an expression of hundreds is too deep for the index
constexpr qsizetype kLongestQuery = 2000;

bool isWrittenWithoutSpaces(char32_t character) {
    switch (QChar::script(character)) {
    case QChar::Script_Han:
    case QChar::Script_Hiragana:
    case QChar::Script_Katakana:
    case QChar::Script_Bopomofo:
    case QChar::Script_Thai:
    case QChar::Script_Lao:
    case QChar::Script_Khmer:
    case QChar::Script_Myanmar:
    case QChar::Script_Tibetan:
        return true;
    default:
        return false;
    }
}

bool isForTheIndex(const QString& word) {
    bool hasLetters = false;
    for (const char32_t character : word.toUcs4()) {
        if (isWrittenWithoutSpaces(character))
            return false;
        hasLetters = hasLetters || QChar::isLetterOrNumber(character);
    }
    return hasLetters;
}

struct Words {
    QString match;        // for the index: "one"* AND "two"*; empty = none
    QStringList anywhere; // literally somewhere in the text, ASCII letters in any case

    static Words of(const QString& text) {
        Words words;
        QStringList quoted;
        QString clean = text;
        clean.replace(QChar(0), u' '); // ends an SQL string early
        for (QString word : clean.split(u' ', Qt::SkipEmptyParts).mid(0, kMostWords)) {
            if (!isForTheIndex(word))
                words.anywhere.append(word);
            else
                quoted.append(u'"' + word.replace(u'"', u"\"\""_s) + u"\"*"_s);
        }
        words.match = quoted.join(u" AND "_s);
        return words;
    }
    bool isEmpty() const { return match.isEmpty() && anywhere.isEmpty(); }
};

/// The text round the first match of `word`, or its beginning.
QString snippetOf(const QString& text, const QString& word) {
    const qsizetype at = std::max<qsizetype>(text.indexOf(word, 0, Qt::CaseInsensitive), 0);
    const qsizetype end = std::min(at + word.size(), text.size());
    qsizetype from = std::max<qsizetype>(at - kBefore, 0);
    qsizetype to = std::min(end + kAfter, text.size());
    if (text.at(from).isLowSurrogate())
        --from;
    if (to < text.size() && text.at(to).isLowSurrogate())
        ++to;
    return (from > 0 ? u"…"_s : QString()) + text.sliced(from, at - from) + kMatchBegin +
           text.sliced(at, end - at) + kMatchEnd + text.sliced(end, to - end) +
           (to < text.size() ? u"…"_s : QString());
}

QString oneLine(QString text) {
    return presentable(text.replace(QChar(0), u' ').simplified(), kLongestSnippet);
}

/// One select of the four: titles or texts, by index or by reading.
struct Source {
    std::string_view byIndex;          // columns: chat, message, title, created, text, snippet
    std::string_view byReading;        // the same without snippet
    std::string_view byReadingLetters; // whatever the case of ASCII letters, which takes twice as long
};

constexpr Source kTexts{
    "SELECT m.chat, m.id, c.title, m.created, m.content, snippet(message_fts, 0, char(57344), char(57345), "
    "'…', 24) "
    "FROM message_fts JOIN message m ON m.id = message_fts.rowid JOIN chat c ON c.id = m.chat "
    "WHERE message_fts MATCH ? AND c.deleted IS NULL AND m.deleted IS NULL ORDER BY message_fts.rowid DESC",
    "SELECT m.chat, m.id, c.title, m.created, m.content FROM message m JOIN chat c ON c.id = m.chat "
    "WHERE c.deleted IS NULL AND m.deleted IS NULL AND instr(m.content, ?) > 0 ORDER BY m.id DESC",
    "SELECT m.chat, m.id, c.title, m.created, m.content FROM message m JOIN chat c ON c.id = m.chat "
    "WHERE c.deleted IS NULL AND m.deleted IS NULL AND instr(lower(m.content), ?) > 0 ORDER BY m.id DESC"};
constexpr Source kTitles{
    "SELECT c.id, 0, c.title, c.updated, c.title, snippet(chat_fts, 0, char(57344), char(57345), '…', 64) "
    "FROM chat_fts JOIN chat c ON c.id = chat_fts.rowid "
    "WHERE chat_fts MATCH ? AND c.deleted IS NULL ORDER BY chat_fts.rowid DESC",
    "SELECT c.id, 0, c.title, c.updated, c.title FROM chat c "
    "WHERE c.deleted IS NULL AND instr(c.title, ?) > 0 ORDER BY c.id DESC",
    "SELECT c.id, 0, c.title, c.updated, c.title FROM chat c "
    "WHERE c.deleted IS NULL AND instr(lower(c.title), ?) > 0 ORDER BY c.id DESC"};

/// As lower() of SQL does.
QString lowerAscii(QString word) {
    for (QChar& character : word) {
        if (character >= u'A' && character <= u'Z')
            character = QChar(character.unicode() + 32);
    }
    return word;
}

bool containsAll(const QString& text, const QStringList& words) {
    return std::all_of(words.begin(), words.end(),
                       [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

void collect(Connection& connection, const Source& source, const Words& words, int limit,
             QList<SearchHit>& hits) {
    const bool byIndex = !words.match.isEmpty();
    const QString sought = byIndex ? words.match : lowerAscii(words.anywhere.first());
    const bool hasLetters =
        std::any_of(sought.begin(), sought.end(), [](QChar c) { return c >= u'a' && c <= u'z'; });
    Query query = connection.query(byIndex      ? source.byIndex
                                   : hasLetters ? source.byReadingLetters
                                                : source.byReading);
    query.bind(sought);
    for (int found = 0; found < limit && query.next();) {
        if (!words.anywhere.isEmpty() && !containsAll(query.text(4), words.anywhere))
            continue;
        SearchHit hit;
        hit.chat = query.integer(0);
        hit.message = query.integer(1);
        hit.chatTitle = store::shownTitle(query, 2);
        hit.created = QDateTime::fromMSecsSinceEpoch(query.integer(3));
        hit.snippet = oneLine(byIndex ? query.beginning(5, kLongestSnippet)
                                      : snippetOf(query.text(4), words.anywhere.first()));
        hits.append(hit);
        ++found;
    }
}

} // namespace

QList<SearchHit> Database::search(const QString& text, int limit) {
    const Words words = Words::of(text.left(kLongestQuery).simplified());
    QList<SearchHit> hits;
    if (words.isEmpty() || limit <= 0)
        return hits;
    Connection& connection = m_impl->connection();
    connection.read([&] {
        collect(connection, kTitles, words, limit, hits);
        collect(connection, kTexts, words, limit, hits);
    });
    std::stable_sort(hits.begin(), hits.end(),
                     [](const SearchHit& a, const SearchHit& b) { return a.created > b.created; });
    return hits.first(std::min<qsizetype>(hits.size(), limit));
}

} // namespace app
