#include "ui/transcript/markdown_builder.h"

#include <QUrl>

// Emphasis, code, links and images. Whatever an address leads to, it can be read: at the pointer when it can be
// opened, in the text when not.
namespace ui::transcript {

namespace {

constexpr int maxLinkLength = 2048;

QString attributeText(const MD_ATTRIBUTE& attribute) {
    QString text;
    for (int i = 0; attribute.text && attribute.substr_offsets[i] < attribute.size; ++i) {
        const auto begin = attribute.substr_offsets[i], end = attribute.substr_offsets[i + 1];
        const QString part = QString::fromUtf8(attribute.text + begin, static_cast<int>(end - begin));
        const QString decoded = attribute.substr_types[i] == MD_TEXT_ENTITY ? decodeEntity(part) : QString();
        text += decoded.isEmpty() ? part : decoded;
    }
    return ParserCopy::shown(text);
}

// An address that may be opened; empty for every other scheme and for relative ones.
QString allowedLink(const QString& address) {
    if (address.size() > maxLinkLength)
        return {};
    const QString scheme = QUrl(address, QUrl::TolerantMode).scheme();
    return scheme == u"http" || scheme == u"https" || scheme == u"mailto" ? address : QString();
}

struct WrittenAddress {
    QStringView address, title;     // the title with its quotes
    qsizetype titleAt = 0, end = 0; // 0: there is none
};

// Reads `(address "title")`, which begins at `open`.
WrittenAddress writtenAddress(QStringView source, qsizetype open) {
    WrittenAddress written;
    qsizetype at = open + 1;
    const auto skipBlanks = [&] {
        while (at < source.size() && source[at].isSpace())
            ++at;
    };
    const auto read = [&](auto ends) {
        const qsizetype begin = at;
        while (at < source.size() && !ends(source[at]))
            at += source[at] == u'\\' ? 2 : 1;
        at = std::min(at, source.size());
        return source.mid(begin, at - begin);
    };
    skipBlanks();
    if (at < source.size() && source[at] == u'<') {
        ++at;
        written.address = read([](QChar c) { return c == u'>' || c == u'\n'; });
        ++at;
    } else {
        int depth = 0;
        written.address = read([&](QChar c) {
            depth += c == u'(' ? 1 : c == u')' ? -1 : 0;
            return c.isSpace() || depth < 0;
        });
    }
    skipBlanks();
    const QChar quote = at < source.size() ? source[at] : QChar();
    if (quote == u'"' || quote == u'\'' || quote == u'(') {
        written.titleAt = at++;
        read([&](QChar c) { return c == (quote == u'(' ? u')' : quote); });
        written.title = source.mid(written.titleAt, ++at - written.titleAt);
        skipBlanks();
    }
    written.end = at < source.size() && source[at] == u')' ? at + 1 : 0;
    return written;
}

} // namespace

bool isMarkup(QChar c) {
    return c.isSpace() || QStringView(u"#>*+-_~`[]()!|:=\\<").contains(c) ||
           c.category() == QChar::Other_Control || c.category() == QChar::Other_Format;
}

QString plainAddress(QStringView written) {
    QString plain;
    for (qsizetype i = 0; i < written.size(); ++i) {
        const QChar next = i + 1 < written.size() ? written[i + 1] : QChar();
        if (written[i] == u'\\' && next.unicode() < 0x80 && (next.isPunct() || next.isSymbol()))
            continue;
        const bool escaped = i > 0 && written[i - 1] == u'\\';
        const qsizetype end = written[i] == u'&' && !escaped ? written.indexOf(u';', i) : -1;
        const QString entity =
            end > 0 && end - i < 40 ? decodeEntity(written.mid(i, end + 1 - i)) : QString();
        plain += entity.isEmpty() ? QString(written[i]) : entity;
        i = entity.isEmpty() ? i : end;
    }
    return plain;
}

// md4c may tangle them: what a block leaves open ends with it.
void Builder::closeSpans() {
    m_strong = m_emphasis = m_strike = m_code = 0;
    m_links.clear();
}

void Builder::openLink(const MD_ATTRIBUTE& address) {
    m_links.push_back({allowedLink(attributeText(address))});
}

void Builder::closeLink(const MD_ATTRIBUTE& address) {
    if (m_links.empty())
        return; // md4c leaves a link twice when addresses are tangled
    int at = m_at;
    while (at < m_source.size() && isMarkup(m_source[at]) && !m_source.mid(at).startsWith(u"]("))
        ++at;
    const WrittenAddress written =
        m_source.mid(at).startsWith(u"](") ? writtenAddress(m_source, at + 1) : WrittenAddress();
    const bool isAddress = written.end == 0 || plainAddress(written.address) != attributeText(address);
    if (!isAddress) { // else its text is the address
        const auto show = [this](qsizetype begin, qsizetype end) {
            if (!target().text.isEmpty())
                put(QStringLiteral(" "), m_at, 0);
            put(m_source.mid(begin, end - begin).toString(), static_cast<int>(begin),
                static_cast<int>(end - begin));
            m_at = static_cast<int>(end);
        };
        if (!m_links.back().used)
            show(at + 1, written.end);
        m_links.pop_back();
        if (m_at < written.end && !written.title.isEmpty())
            show(written.titleAt, written.titleAt + written.title.size());
        m_at = std::max(m_at, static_cast<int>(written.end));
        return;
    }
    m_links.pop_back();
}

int Builder::enterSpan(MD_SPANTYPE type, void* detail) {
    switch (type) {
    case MD_SPAN_STRONG:
        ++m_strong;
        break;
    case MD_SPAN_EM:
        ++m_emphasis;
        break;
    case MD_SPAN_DEL:
        ++m_strike;
        break;
    case MD_SPAN_CODE:
        ++m_code;
        break;
    case MD_SPAN_A:
        openLink(static_cast<MD_SPAN_A_DETAIL*>(detail)->href);
        break;
    case MD_SPAN_IMG:
        openLink(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src);
        put(QStringLiteral("[image: "), m_at, 0);
        break;
    default:
        break;
    }
    return 0;
}

int Builder::leaveSpan(MD_SPANTYPE type, void* detail) {
    switch (type) {
    case MD_SPAN_STRONG:
        --m_strong;
        break;
    case MD_SPAN_EM:
        --m_emphasis;
        break;
    case MD_SPAN_DEL:
        --m_strike;
        break;
    case MD_SPAN_CODE:
        --m_code;
        while (m_at < m_source.size() && m_source[m_at].isSpace())
            ++m_at;
        while (m_at < m_source.size() && m_source[m_at] == u'`')
            ++m_at; // so that its backticks are not taken for a fence
        break;
    case MD_SPAN_A:
        closeLink(static_cast<MD_SPAN_A_DETAIL*>(detail)->href);
        break;
    case MD_SPAN_IMG:
        put(QStringLiteral("]"), m_at, 0);
        closeLink(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src);
        break;
    default:
        break;
    }
    return 0;
}

} // namespace ui::transcript
