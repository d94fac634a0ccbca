#include "ui/transcript/markdown_splitter.h"

#include <QStringList>

namespace ui::transcript {

namespace {

constexpr int reach = 4000; // emphasis open for longer than this is left as it is

bool isMarkupBeginning(QStringView line) {
    const QStringView text = line.trimmed();
    if (text.isEmpty())
        return true;
    bool marks = true;
    for (QChar c : text)
        marks = marks && QStringView(u"-=*+_#>`~|:").contains(c);
    if (marks)
        return true;
    qsizetype digits = 0;
    while (digits < text.size() && text[digits] >= u'0' && text[digits] <= u'9')
        ++digits;
    return digits > 0 && digits == text.size() - 1 && (text.back() == u'.' || text.back() == u')');
}

bool isInsideFence(QStringView tail) {
    QStringView fence;
    for (QStringView line : tail.split(u'\n')) {
        const QStringView text = line.trimmed();
        const bool marks = text.startsWith(u"```") || text.startsWith(u"~~~");
        if (fence.isEmpty() && marks) {
            qsizetype length = 3;
            while (length < text.size() && text[length] == text[0])
                ++length;
            fence = text.left(length);
        } else if (!fence.isEmpty() && text.startsWith(fence) &&
                   text.mid(fence.size()).trimmed().count(fence[0]) ==
                       text.mid(fence.size()).trimmed().size()) {
            fence = {};
        }
    }
    return !fence.isEmpty();
}

// Open `code`, *emphasis* and ~~strike~~ of one paragraph, in the order in which they must be closed.
class OpenMarks {
public:
    explicit OpenMarks(QStringView paragraph) : m_text(paragraph) {
        for (m_at = 0; m_at < m_text.size();)
            step();
    }
    /// Marks at the very end of the paragraph that would open something: they are not shown yet.
    int dangling() const { return m_dangling; }
    const QStringList& open() const { return m_open; }

private:
    void step() {
        const QChar c = m_text[m_at];
        if (c == u'\\') {
            m_at += 2;
        } else if (c == u'`') {
            code();
        } else if (c == u'*' || c == u'~' || c == u'_') {
            emphasis();
        } else {
            ++m_at;
        }
    }
    qsizetype run() const {
        qsizetype end = m_at;
        while (end < m_text.size() && m_text[end] == m_text[m_at])
            ++end;
        return end - m_at;
    }
    void code() {
        const qsizetype length = run();
        const QString mark(length, u'`');
        qsizetype close = m_text.indexOf(mark, m_at + length);
        if (close < 0) {
            if (m_at + length == m_text.size())
                m_dangling = static_cast<int>(length);
            else
                m_open.append(mark);
            m_at = m_text.size();
        } else {
            m_at = close + length;
        }
    }
    void emphasis() {
        qsizetype length = run();
        const qsizetype end = m_at + length;
        const bool spaceBefore = m_at == 0 || m_text[m_at - 1].isSpace();
        const bool spaceAfter = end < m_text.size() && m_text[end].isSpace();
        const bool insideWord = m_text[m_at] == u'_' && !spaceBefore && m_text[m_at - 1].isLetterOrNumber();
        const QChar c = m_text[m_at];
        while (!spaceBefore && length > 0 && !m_open.isEmpty() && m_open.last()[0] == c &&
               m_open.last().size() <= length)
            length -= m_open.takeLast().size();
        if (length > 0 && end == m_text.size())
            m_dangling = static_cast<int>(length);
        else if (length > 0 && !spaceAfter && !insideWord)
            open(c, length);
        m_at = end;
    }
    void open(QChar c, qsizetype length) {
        if (c == u'~' && length > 2)
            return;
        if (length >= 3) {
            m_open.append(QString(1, c));
            m_open.append(QString(2, c));
        } else {
            m_open.append(QString(length, c));
        }
    }

    QStringView m_text;
    qsizetype m_at = 0;
    int m_dangling = 0;
    QStringList m_open;
};

// Length of the bullet, number, quote or heading mark a line begins with: a bullet is no emphasis.
qsizetype markLength(QStringView line) {
    qsizetype at = 0;
    while (at < line.size() && line[at].isSpace())
        ++at;
    const qsizetype begin = at;
    while (at < line.size() && QStringView(u"-+*0123456789.)#>").contains(line[at]))
        ++at;
    return at > begin && at < line.size() && line[at].isSpace() ? at : 0;
}

// "[words](http://exam" gets its bracket; a bracket that only began is left as words.
bool hasOpenAddress(QStringView paragraph) {
    const qsizetype bracket = paragraph.lastIndexOf(u"](");
    if (bracket < 0 || paragraph.left(bracket).lastIndexOf(u'[') < 0)
        return false;
    const QStringView address = paragraph.mid(bracket + 2);
    return !address.contains(u')') && !address.contains(u' ');
}

} // namespace

QString closeOpenMarkup(QStringView tail) {
    QString shown = tail.toString();
    if (isInsideFence(tail)) {
        const qsizetype line = shown.lastIndexOf(u'\n') + 1;
        const QString last = shown.mid(line).trimmed();
        if (line > 0 && !last.isEmpty() &&
            (last.count(u'`') == last.size() || last.count(u'~') == last.size()))
            shown.truncate(line); // perhaps the closing fence
        return shown;
    }
    const qsizetype line = shown.lastIndexOf(u'\n') + 1;
    if (isMarkupBeginning(QStringView(shown).mid(line))) {
        shown.truncate(line);
        return shown;
    }
    const qsizetype blank = shown.lastIndexOf(QStringLiteral("\n\n"));
    qsizetype begin = blank < 0 ? 0 : blank + 2;
    const bool inTable = shown.mid(line).trimmed().startsWith(u'|');
    const qsizetype mark = markLength(QStringView(shown).mid(line));
    if (inTable || mark > 0)
        begin = line + mark;
    if (shown.size() - begin > reach)
        return shown;
    if (hasOpenAddress(QStringView(shown).mid(begin)))
        shown += u')';
    const OpenMarks marks(QStringView(shown).mid(begin));
    shown.chop(marks.dangling());
    if (marks.open().isEmpty())
        return shown;
    while (shown.size() > begin && shown.back().isSpace())
        shown.chop(1);
    for (qsizetype i = marks.open().size(); i-- > 0;)
        shown += marks.open()[i];
    return shown;
}

} // namespace ui::transcript
