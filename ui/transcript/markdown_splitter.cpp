#include "ui/transcript/markdown_splitter.h"

#include <QString>

namespace ui::transcript {

struct MarkdownSplitter::Line {
    enum class Kind { Blank, Text, List, Heading, Fence, Unsure } kind = Kind::Text;
    int indent = 0;
    QChar fence;
    int fenceLength = 0;
    bool fenceHasInfo = false; // then it can open but not close
};

namespace {

int runLength(QStringView text, int from) {
    int length = 1;
    while (from + length < text.size() && text[from + length] == text[from])
        ++length;
    return length;
}

bool isListMark(QStringView text) {
    int end = 0;
    if (text.front() == u'-' || text.front() == u'+' || text.front() == u'*') {
        end = 1;
    } else {
        while (end < text.size() && end < 9 && text[end] >= u'0' && text[end] <= u'9')
            ++end;
        if (end == 0 || end == text.size() || (text[end] != u'.' && text[end] != u')'))
            return false;
        ++end;
    }
    return end == text.size() || text[end] == u' ' || text[end] == u'\t';
}

} // namespace

MarkdownSplitter::Line MarkdownSplitter::classify(QStringView line, bool complete) {
    Line result;
    int at = 0;
    for (; at < line.size() && (line[at] == u' ' || line[at] == u'\t'); ++at)
        result.indent += line[at] == u'\t' ? 4 - result.indent % 4 : 1;
    const QStringView text = line.mid(at);
    if (text.isEmpty()) {
        result.kind = complete ? Line::Kind::Blank : Line::Kind::Unsure;
        return result;
    }
    const QChar first = text.front();
    const bool plain = !QStringView(u"-+*#`~\r").contains(first) && !first.isDigit();
    if (!complete && !plain) {
        result.kind = Line::Kind::Unsure;
        return result;
    }
    if (text == u"\r") {
        result.kind = Line::Kind::Blank;
    } else if (result.indent < 4 && (first == u'`' || first == u'~') && runLength(text, 0) >= 3) {
        result.fenceLength = runLength(text, 0);
        const QStringView info = text.mid(result.fenceLength);
        result.fenceHasInfo = !info.trimmed().isEmpty();
        if (first == u'~' || !info.contains(u'`')) {
            result.kind = Line::Kind::Fence;
            result.fence = first;
        }
    } else if (first == u'#' && result.indent < 4) {
        const int level = runLength(text, 0);
        if (level <= 6 && (level == text.size() || text[level].isSpace()))
            result.kind = Line::Kind::Heading;
    } else if (result.indent < 4 && isListMark(text)) {
        result.kind = Line::Kind::List;
    }
    return result;
}

bool MarkdownSplitter::startsPiece(const Line& line) const {
    if (!m_fence.isNull() || line.indent > 0 || line.kind == Line::Kind::Blank ||
        line.kind == Line::Kind::Unsure)
        return false;
    if (line.kind == Line::Kind::Heading || line.kind == Line::Kind::Fence || m_afterClosed)
        return true;
    return m_afterBlank && !(m_hasList && line.kind == Line::Kind::List);
}

void MarkdownSplitter::consume(const Line& line) {
    m_afterClosed = false;
    m_afterBlank = line.kind == Line::Kind::Blank;
    if (!m_fence.isNull()) {
        const bool closes = line.kind == Line::Kind::Fence && line.fence == m_fence &&
                            line.fenceLength >= m_fenceLength && !line.fenceHasInfo;
        if (closes) {
            m_fence = QChar();
            m_afterClosed = m_fenceAtMargin;
        }
        m_afterBlank = false;
        return;
    }
    if (line.kind == Line::Kind::Fence) {
        m_fence = line.fence;
        m_fenceLength = line.fenceLength;
        m_fenceAtMargin = line.indent == 0;
    } else if (line.kind == Line::Kind::Heading) {
        m_afterClosed = line.indent == 0;
    } else if (line.kind == Line::Kind::List) {
        m_hasList = true;
    }
}

QList<int> MarkdownSplitter::advance(QStringView text) {
    QList<int> cuts;
    while (m_lineStart < text.size()) {
        const qsizetype newline = text.indexOf(u'\n', m_lineStart);
        const bool complete = newline >= 0;
        const qsizetype end = complete ? newline : text.size();
        const Line line = classify(text.mid(m_lineStart, end - m_lineStart), complete);
        if (m_lineStart > m_pieceStart && startsPiece(line)) {
            cuts.append(m_lineStart);
            m_pieceStart = m_lineStart;
            m_hasList = false;
        }
        if (!complete)
            break;
        consume(line);
        m_lineStart = static_cast<int>(newline) + 1;
    }
    return cuts;
}

} // namespace ui::transcript
