#pragma once
#include <array>
#include <cstring>
#include <QByteArray>
#include <QHash>
#include <string_view>
#include <vector>

namespace ui::transcript {

/// The byte that stands for a hidden sign: a control character, which md4c takes for a letter. 0 when the sign
/// is never hidden.
constexpr std::array<char, 128> hidingBytes() {
    std::array<char, 128> bytes{};
    char next = 1;
    for (const char sign : std::string_view("!#&*+-.:<=>@[\\]_`|~()")) {
        bytes[static_cast<std::size_t>(sign)] = next;
        next = next == 8 ? char(14) : static_cast<char>(next + 1); // 9 to 13 are blanks
    }
    return bytes;
}

/// Hides what is no markup in the copy that md4c reads (parser_copy.h), line by line. Every search ends at the
/// next sign of its kind, so that no text takes longer than its length.
class MarkupHider {
public:
    explicit MarkupHider(QByteArray& text) : m_text(text.data()), m_size(static_cast<int>(text.size())) {}
    void run();

    struct Columns {
        int at = 0; // end of the line under a table's head
        QByteArray more;
    };
    std::vector<Columns> missing; // ascending

private:
    struct Line {
        int begin = 0, end = 0; // without the line break
    };
    using LastRuns = QHash<int, int>; // where the last run of so many backticks begins

    char at(int i) const { return i >= 0 && i < m_size ? m_text[i] : '\n'; }
    int find(char c, int begin, int end) const; // `end` when there is none
    int runEnd(int begin, int end) const;
    Line lineAt(int begin) const { return {begin, find('\n', begin, m_size)}; }
    int firstSign(Line line) const;
    int afterMarks(Line line) const;
    bool isBarrier(Line line) const;
    bool isUnderHead(Line line) const;
    LastRuns lastRuns(int begin, int end) const;
    int codeSpan(int begin, int end, const LastRuns& last) const;
    std::vector<Line> cells(Line line) const;
    int table(Line head, Line under);
    int inlines(int begin, int end, bool alone);
    int dollars(int begin, int end, bool alone);
    int brackets(int begin, int end, bool alone);
    template <class Match>
    int closing(int from, int end, bool alone, Match match) const;
    bool hide(int begin, int end);
    bool closesBracket();
    void hideSign(int i) {
        static constexpr std::array<char, 128> bytes = hidingBytes();
        const auto c = static_cast<unsigned char>(m_text[i]);
        if (c < bytes.size() && bytes[c] != 0)
            m_text[i] = bytes[c];
    }

    char* m_text;
    int m_size;
    int m_linesRead = 0;
    int m_linesToSeek = 20'000'000;
    int m_lineBegin = 0; // of the line that is read
};

} // namespace ui::transcript
