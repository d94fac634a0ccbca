#include "markdown_reading.h"

#include "ui/theme.h"
#include "ui/transcript/box_spec.h"
#include "ui/transcript/markdown_document.h"

#include <algorithm>
#include <QRegularExpression>
#include <QSet>

using namespace ui::transcript;

namespace markdown_test {

namespace {

QList<BoxSpec> boxes(const QString& source) {
    static const Look look(ui::Theme::darkTheme());
    MarkdownDocument document;
    document.update(source, false);
    return boxSpecs(document.blocks(), look, true);
}

struct Seen {
    QString rest;           // of the source: what no box shows, with U+0001 for each stretch that one shows
    QSet<QString> readable; // seen elsewhere: addresses at the pointer, names of code, numbers of lists
};

Seen look(const QString& source) {
    QList<bool> covered(source.size(), false);
    Seen seen;
    for (const BoxSpec& box : boxes(source)) {
        seen.readable << box.language << box.marker;
        QList<RichText> texts{box.text};
        texts.append(box.cells);
        for (const RichText& text : texts) {
            for (const Run& run : text.runs) {
                for (int i = run.source; i < run.source + run.sourceLength; ++i)
                    covered[i] = true;
            }
            for (const QString& address : text.links)
                seen.readable << address;
        }
    }
    for (qsizetype i = 0; i < source.size(); ++i) {
        if (!covered[i])
            seen.rest += source[i];
        else if (!seen.rest.endsWith(QChar(1)))
            seen.rest += QChar(1);
    }
    return seen;
}

// Leaves out what `pattern` finds and can be read elsewhere.
void leaveOut(Seen& seen, const char* pattern) {
    const QRegularExpression expression(QString::fromLatin1(pattern), QRegularExpression::MultilineOption);
    QString left;
    qsizetype from = 0;
    for (auto each = expression.globalMatch(seen.rest); each.hasNext();) {
        const auto match = each.next();
        if (!seen.readable.contains(match.captured(1).trimmed()))
            continue;
        left += QStringView(seen.rest).mid(from, match.capturedStart() - from);
        from = match.capturedEnd();
    }
    seen.rest = left + seen.rest.mid(from);
}

void leaveOutAddresses(Seen& seen) {
    seen.rest.remove(u'\\').replace(QStringLiteral("&amp;"), QStringLiteral("&"));
    QStringList addresses(seen.readable.begin(), seen.readable.end());
    std::sort(addresses.begin(), addresses.end(), [](auto& a, auto& b) { return a.size() > b.size(); });
    for (const QString& address : std::as_const(addresses))
        seen.rest.remove(QStringLiteral("](") + address).remove(QStringLiteral("](<") + address);
}

} // namespace

QString unseen(const QString& source) {
    Seen seen = look(source);
    leaveOut(seen, R"((?:```+|~~~+)([^\n\x01]*))"); // ```name
    leaveOutAddresses(seen);
    leaveOut(seen, R"((?<![0-9])([0-9]{1,9}[.)])(?=[\s\x01]|$))"); // 7.
    static const QRegularExpression counted(QStringLiteral("^[ \\t>*+-]*1[.)](?=[\\s\\x01]|$)"),
                                            QRegularExpression::MultilineOption);
    seen.rest.remove(counted); // 1. 1. 1.
    static const QRegularExpression task(QStringLiteral("\\[[xX]\\]"));
    seen.rest.remove(task);
    QString lost;
    for (const QChar c : seen.rest) {
        const bool blank = c.isSpace() || c == QChar(1) || c.category() == QChar::Other_Control ||
                           c.category() == QChar::Other_Format;
        if (!blank && !QStringView(u"#>*+-_~`[]!|:=\\<)").contains(c))
            lost += c;
    }
    return lost;
}

QString shown(const QString& source) {
    return plainText(boxes(source));
}

bool isShownAsWritten(const QString& source) {
    const QList<Block> blocks = parseMarkdown(source + QStringLiteral("\n\n*end*"));
    return blocks.size() == 1 && blocks[0].kind == Block::Kind::Paragraph &&
           blocks[0].text.text.endsWith(u"*end*");
}

} // namespace markdown_test
