#include "ui/transcript/highlighter.h"
#include "ui/transcript/languages.h"

namespace ui::transcript {

namespace {

constexpr qsizetype maxLength = 200000;

class Scanner {
public:
    Scanner(const QString& code, const Language& language) : m_code(code), m_language(language) {}

    QList<TokenSpan> run() {
        while (m_at < m_code.size()) {
            if (!comment() && !string() && !number() && !word())
                ++m_at;
        }
        return std::move(m_spans);
    }

private:
    bool startsWith(const QString& mark) const {
        return !mark.isEmpty() && QStringView(m_code).mid(m_at).startsWith(mark);
    }
    void add(qsizetype end, Token token) {
        if (token != Token::Plain && end > m_at)
            m_spans.append({static_cast<int>(m_at), static_cast<int>(end - m_at), token});
        m_at = end;
    }
    bool isWord(QChar c) const {
        return c.isLetterOrNumber() || c == u'_' || m_language.wordExtra.contains(c);
    }
    bool comment() {
        for (const QString& mark : m_language.lineComments) {
            const bool insideWord = mark == u"#" && m_at > 0 && !m_code[m_at - 1].isSpace();
            if (!startsWith(mark) || insideWord)
                continue;
            const qsizetype end = m_code.indexOf(u'\n', m_at);
            add(end < 0 ? m_code.size() : end, Token::Comment);
            return true;
        }
        if (!startsWith(m_language.blockOpen))
            return false;
        const qsizetype end = m_code.indexOf(m_language.blockClose, m_at + m_language.blockOpen.size());
        add(end < 0 ? m_code.size() : end + m_language.blockClose.size(), Token::Comment);
        return true;
    }
    bool string() {
        const QChar quote = m_code[m_at];
        if (!m_language.quotes.contains(quote))
            return false;
        const QString triple(3, quote);
        if (m_language.tripleQuotes && startsWith(triple)) {
            const qsizetype end = m_code.indexOf(triple, m_at + 3);
            add(end < 0 ? m_code.size() : end + 3, Token::String);
            return true;
        }
        qsizetype end = m_at + 1;
        while (end < m_code.size() && m_code[end] != quote && (m_code[end] != u'\n' || quote == u'`'))
            end += m_code[end] == u'\\' ? 2 : 1;
        add(std::min(end + 1, m_code.size()), Token::String);
        return true;
    }
    bool number() {
        if (!m_code[m_at].isDigit() || (m_at > 0 && isWord(m_code[m_at - 1])))
            return false;
        qsizetype end = m_at + 1;
        while (end < m_code.size() &&
               (m_code[end].isLetterOrNumber() || m_code[end] == u'.' || m_code[end] == u'_'))
            ++end;
        add(end, Token::Number);
        return true;
    }
    bool word() {
        if (!isWord(m_code[m_at]))
            return false;
        qsizetype end = m_at + 1;
        while (end < m_code.size() && isWord(m_code[end]))
            ++end;
        const QString text = m_code.mid(m_at, end - m_at);
        const bool opensTag =
            m_language.tags && m_at > 0 && (m_code[m_at - 1] == u'<' || m_code[m_at - 1] == u'/');
        if (opensTag || m_language.keywords.contains(m_language.anyCase ? text.toLower() : text))
            add(end, Token::Keyword);
        else
            add(end, end < m_code.size() && m_code[end] == u'(' ? Token::Function : Token::Plain);
        return true;
    }

    const QString& m_code;
    const Language& m_language;
    qsizetype m_at = 0;
    QList<TokenSpan> m_spans;
};

} // namespace

QList<TokenSpan> highlightCode(const QString& code, const QString& language) {
    qsizetype name = 0; // the first word: "js{1,3}", "py title=x"
    while (name < language.size() && !QStringView(u" \t:{,").contains(language[name]))
        ++name;
    const Language* found = findLanguage(language.left(name));
    if (!found || code.size() > maxLength)
        return {};
    return Scanner(code, *found).run();
}

} // namespace ui::transcript
