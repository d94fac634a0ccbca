#include "ui/transcript/markup_hider.h"

#include <algorithm>

namespace ui::transcript {

namespace {

constexpr int maxColumns = 64; // a table with more is shown as lines

bool isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

bool isWordCharacter(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

int MarkupHider::find(char c, int begin, int end) const {
    const void* found =
        begin < end ? std::memchr(m_text + begin, c, static_cast<std::size_t>(end - begin)) : nullptr;
    return found ? static_cast<int>(static_cast<const char*>(found) - m_text) : end;
}

int MarkupHider::runEnd(int begin, int end) const {
    int i = begin;
    while (i < end && m_text[i] == m_text[begin])
        ++i;
    return i;
}

int MarkupHider::firstSign(Line line) const {
    int i = line.begin;
    while (i < line.end && isBlank(m_text[i]))
        ++i;
    return i;
}

// Behind the marks of quotes and lists.
int MarkupHider::afterMarks(Line line) const {
    int i = line.begin;
    while (true) {
        while (i < line.end && (isBlank(m_text[i]) || m_text[i] == '>'))
            ++i;
        int mark = i;
        while (mark < line.end && mark - i < 9 && isDigit(m_text[mark]))
            ++mark;
        const char c = at(mark);
        const bool isMark = mark == i ? c == '-' || c == '+' || c == '*' : c == '.' || c == ')';
        if (!isMark || !isBlank(at(mark + 1)))
            return i;
        i = mark + 1;
    }
}

// No formula goes across a blank line, a heading or a fence: pieces of a message begin there.
bool MarkupHider::isBarrier(Line line) const {
    const int i = firstSign(line);
    if (i == line.end)
        return true;
    const char c = m_text[i];
    return c == '#' || ((c == '`' || c == '~') && runEnd(i, line.end) - i >= 3);
}

bool MarkupHider::isUnderHead(Line line) const {
    bool pipe = false, dash = false;
    for (int i = afterMarks(line); i < line.end; ++i) {
        const char c = m_text[i];
        pipe = pipe || c == '|';
        dash = dash || c == '-';
        if (c != '|' && c != '-' && c != ':' && !isBlank(c))
            return false;
    }
    return pipe && dash;
}

MarkupHider::LastRuns MarkupHider::lastRuns(int begin, int end) const {
    LastRuns last;
    for (int i = find('`', begin, end); i < end;) {
        const int behind = runEnd(i, end);
        last[behind - i] = i;
        i = find('`', behind, end);
    }
    return last;
}

// Where the code that begins here ends; behind its backticks when nothing closes it.
int MarkupHider::codeSpan(int begin, int end, const LastRuns& last) const {
    const int inside = runEnd(begin, end), length = inside - begin;
    if (last.value(length, -1) <= begin)
        return inside;
    int i = find('`', inside, end), behind = runEnd(i, end);
    while (behind - i != length) {
        i = find('`', behind, end);
        behind = runEnd(i, end);
    }
    return behind;
}

// The cells of a table's row: between pipes that are neither escaped nor in code.
std::vector<MarkupHider::Line> MarkupHider::cells(Line line) const {
    std::vector<Line> all;
    int end = line.end;
    while (end > line.begin && isBlank(m_text[end - 1]))
        --end;
    int begin = afterMarks({line.begin, end});
    if (begin < end && m_text[begin] == '|')
        ++begin;
    const LastRuns last = lastRuns(begin, end);
    for (int i = begin; i < end;) {
        if (m_text[i] == '|') {
            all.push_back({begin, i});
            begin = i + 1;
        }
        i = m_text[i] == '\\' ? i + 2 : m_text[i] == '`' ? codeSpan(i, end, last) : i + 1;
    }
    if (begin < end || all.empty())
        all.push_back({begin, end});
    return all;
}

// Returns where the table ends. All of its rows have as many columns as the longest one.
int MarkupHider::table(Line head, Line under) {
    const std::vector<Line> marks = cells(under);
    const std::size_t given = marks.size();
    std::size_t widest = given;
    int next = head.begin;
    while (next < m_size) {
        const Line line = lineAt(next);
        if (line.begin > under.begin && isBarrier(line))
            break;
        m_lineBegin = line.begin;
        const std::vector<Line> row = line.begin == under.begin ? std::vector<Line>() : cells(line);
        widest = std::max(widest, row.size());
        for (const Line& cell : row)
            inlines(cell.begin, cell.end, true);
        next = line.end + 1;
    }
    if (widest > maxColumns) {
        for (int i = under.begin; i < under.end; ++i)
            hideSign(i);
        return next;
    }
    for (const Line& mark : marks) { // md4c wants three dashes
        const int dash = find('-', mark.begin, mark.end), behind = runEnd(dash, mark.end);
        if (dash < mark.end && behind - dash < 3)
            missing.push_back({behind, QByteArray("--")});
    }
    if (widest > given) {
        int end = under.end;
        while (isBlank(m_text[end - 1]))
            --end;
        const char* more = m_text[end - 1] == '|' ? "---|" : "|---";
        missing.push_back({end, QByteArray(more).repeated(static_cast<qsizetype>(widest - given))});
    }
    return next;
}

void MarkupHider::run() {
    for (int next = 0; next < m_size; ++m_linesRead) {
        Line line = lineAt(next);
        m_lineBegin = line.begin;
        const Line after = line.end + 1 < m_size ? lineAt(line.end + 1) : Line{};
        if (isBarrier(line)) {
            inlines(line.begin, line.end, true);
        } else if (after.end > 0 && isUnderHead(after)) {
            next = table(line, after);
            continue;
        } else {
            for (int i = line.begin; (i = inlines(i, line.end, false)) > line.end;) {
                line = lineAt(i); // a formula ended on a later line, which goes on behind it
                for (m_lineBegin = i; at(m_lineBegin - 1) != '\n';)
                    --m_lineBegin;
            }
        }
        next = line.end + 1;
    }
}

// Reads a line, or `alone` what no formula leaves: a cell, a heading. Returns where it stopped: beyond `end`
// after a formula of several lines.
int MarkupHider::inlines(int begin, int end, bool alone) {
    const LastRuns last = lastRuns(begin, end);
    bool address = false; // the word may be one: its `~` is no markup and must stay
    int i = begin;
    while (i < end) {
        const char c = m_text[i], before = at(i - 1);
        if (c == '\\') {
            i = brackets(i, end, alone);
        } else if (c == '`') {
            i = codeSpan(i, end, last);
        } else if (c == '$') {
            i = dollars(i, end, alone);
        } else if (c == '~') {
            const int behind = runEnd(i, end);
            if (behind - i == 1 && !address)
                hideSign(i);
            i = behind;
        } else {
            if ((c == ':' && before == ']') || (c == ']' && !closesBracket()))
                hideSign(i);
            const bool begins = (c == '/' && before == '/') || (c == '(' && before == ']') ||
                                (c == '.' && before == 'w' && at(i - 2) == 'w');
            address = !isBlank(c) && (address || begins);
            ++i;
        }
    }
    return i;
}

// md4c looks for the line of each bracket from the beginning of its paragraph on: there is an end to that.
bool MarkupHider::closesBracket() {
    m_linesToSeek -= m_linesRead;
    return m_linesToSeek >= 0;
}

// The first place from `from` on where `match` is positive; -1 when it is negative before that, or nothing
// matches in this paragraph.
template <class Match>
int MarkupHider::closing(int from, int end, bool alone, Match match) const {
    for (Line line{from, end};;) {
        for (int i = line.begin; i + 1 < line.end; ++i) {
            const int verdict = match(i);
            if (verdict != 0)
                return verdict > 0 ? i : -1;
            i += m_text[i] == '\\' ? 1 : 0;
        }
        if (alone || line.end >= m_size)
            return -1;
        line = lineAt(line.end + 1);
        if (isBarrier(line))
            return -1;
    }
}

// Hides the signs of a formula, but not the marks of its quote at the beginnings of lines. What holds
// backticks is left as it is: code comes first.
bool MarkupHider::hide(int begin, int end) {
    if (find('`', begin, end) < end)
        return false;
    const bool quoted = at(firstSign(lineAt(m_lineBegin))) == '>';
    bool marks = false;
    for (int i = begin; i < end; ++i) {
        const char c = m_text[i];
        marks = c == '\n' || (marks && quoted && (isBlank(c) || c == '>'));
        if (!marks)
            hideSign(i);
    }
    return true;
}

// `$x$`: no blanks at its inner sides, no letter or digit at its outer ones, else it is money. `$$` may go
// over several lines.
int MarkupHider::dollars(int begin, int end, bool alone) {
    const int inside = runEnd(begin, end), length = inside - begin;
    const char before = at(begin - 1);
    if (length > 2 || isWordCharacter(before))
        return inside;
    int close = inside;
    if (length == 1) {
        while (close < end && m_text[close] != '$' && m_text[close] != '`')
            close += m_text[close] == '\\' ? 2 : 1;
        const bool money =
            isDigit(at(inside)) && std::any_of(m_text + inside, m_text + std::min(close, end), isBlank);
        if (close >= end || m_text[close] != '$' || close == inside || isBlank(m_text[inside]) ||
            isBlank(m_text[close - 1]) || money)
            return inside;
    } else {
        close =
            before == '*' || before == '_' || before == '~' ? -1 : closing(inside, end, alone, [this](int i) {
                return m_text[i] == '$' && m_text[i + 1] == '$' ? 1 : 0;
            });
        if (close < 0)
            return inside;
    }
    const int behind = close + length;
    const bool closes = at(behind) != '$' && !isWordCharacter(at(behind));
    return closes && hide(inside, close) ? behind : inside;
}

// `\(...\)` in a line, `\[...\]` when it stands off from the text around: `\[1\]` is an escaped bracket.
int MarkupHider::brackets(int begin, int end, bool alone) {
    const char open = at(begin + 1);
    const bool display = open == '[' && (begin == afterMarks(lineAt(m_lineBegin)) || isBlank(at(begin + 2)) ||
                                         begin + 2 >= end);
    const int behind = std::min(begin + 2, end);
    if (open != '(' && !display)
        return behind;
    const char closer = open == '(' ? ')' : ']';
    const int close = closing(begin + 2, end, alone || open == '(', [this, closer](int i) {
        const char next = m_text[i + 1];
        return m_text[i] != '\\' ? 0 : next == closer ? 1 : next == '(' || next == '[' ? -1 : 0;
    });
    return close >= 0 && hide(begin, close + 2) ? close + 2 : behind;
}

} // namespace ui::transcript
