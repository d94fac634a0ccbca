#include "ui/transcript/markdown.h"

#include <array>
#include <utility>

// The small text tables of Markdown: entities in, a readable tree out.
namespace ui::transcript {

namespace {

constexpr std::array<std::pair<QLatin1String, char16_t>, 44> entities{{
    {QLatin1String("amp"), u'&'},         {QLatin1String("lt"), u'<'},
    {QLatin1String("gt"), u'>'},          {QLatin1String("quot"), u'"'},
    {QLatin1String("apos"), u'\''},       {QLatin1String("nbsp"), u'\u00A0'},
    {QLatin1String("copy"), u'\u00A9'},   {QLatin1String("reg"), u'\u00AE'},
    {QLatin1String("trade"), u'\u2122'},  {QLatin1String("hellip"), u'\u2026'},
    {QLatin1String("mdash"), u'\u2014'},  {QLatin1String("ndash"), u'\u2013'},
    {QLatin1String("lsquo"), u'\u2018'},  {QLatin1String("rsquo"), u'\u2019'},
    {QLatin1String("ldquo"), u'\u201C'},  {QLatin1String("rdquo"), u'\u201D'},
    {QLatin1String("laquo"), u'\u00AB'},  {QLatin1String("raquo"), u'\u00BB'},
    {QLatin1String("times"), u'\u00D7'},  {QLatin1String("divide"), u'\u00F7'},
    {QLatin1String("plusmn"), u'\u00B1'}, {QLatin1String("minus"), u'\u2212'},
    {QLatin1String("deg"), u'\u00B0'},    {QLatin1String("micro"), u'\u00B5'},
    {QLatin1String("middot"), u'\u00B7'}, {QLatin1String("bull"), u'\u2022'},
    {QLatin1String("euro"), u'\u20AC'},   {QLatin1String("pound"), u'\u00A3'},
    {QLatin1String("yen"), u'\u00A5'},    {QLatin1String("cent"), u'\u00A2'},
    {QLatin1String("sect"), u'\u00A7'},   {QLatin1String("para"), u'\u00B6'},
    {QLatin1String("larr"), u'\u2190'},   {QLatin1String("uarr"), u'\u2191'},
    {QLatin1String("rarr"), u'\u2192'},   {QLatin1String("darr"), u'\u2193'},
    {QLatin1String("le"), u'\u2264'},     {QLatin1String("ge"), u'\u2265'},
    {QLatin1String("ne"), u'\u2260'},     {QLatin1String("infin"), u'\u221E'},
    {QLatin1String("frac12"), u'\u00BD'}, {QLatin1String("sup2"), u'\u00B2'},
    {QLatin1String("iexcl"), u'\u00A1'},  {QLatin1String("iquest"), u'\u00BF'},
}};

QString oneLine(QString text) {
    text.replace(QChar(QChar::LineSeparator), u'/');
    text.replace(u'\n', u'|');
    return text;
}

QString describeText(const RichText& rich) {
    QString out;
    for (const Run& run : rich.runs) {
        const QString part = oneLine(rich.text.mid(run.start, run.length));
        QString marks;
        for (const auto& [style, mark] : {std::pair(Strong, u'b'), std::pair(Emphasis, u'i'),
                                          std::pair(Strike, u's'), std::pair(Code, u'c')}) {
            if (run.styles & style)
                marks += QChar(mark);
        }
        if (run.link >= 0)
            marks += QStringLiteral("->") + rich.links.value(run.link);
        out += marks.isEmpty() ? part : QStringLiteral("{%1 %2}").arg(marks, part);
    }
    return out;
}

QString heading(const Block& block) {
    switch (block.kind) {
    case Block::Kind::Paragraph:
        return QStringLiteral("p ");
    case Block::Kind::Heading:
        return QStringLiteral("h%1 ").arg(block.level);
    case Block::Kind::Code:
        return QStringLiteral("code(%1) ").arg(block.language);
    case Block::Kind::Quote:
        return QStringLiteral("quote");
    case Block::Kind::List: {
        const QString kind = block.ordered
                                 ? QStringLiteral("ol(%1)").arg(block.number) +
                                       (block.delimiter == u'.' ? QString() : QString(block.delimiter))
                                 : QStringLiteral("ul");
        return block.tight ? kind : kind + QStringLiteral(" loose");
    }
    case Block::Kind::Item:
        return block.task == Block::Task::None   ? QStringLiteral("item")
               : block.task == Block::Task::Open ? QStringLiteral("item[ ]")
                                                 : QStringLiteral("item[x]");
    case Block::Kind::Table:
        return QStringLiteral("table");
    case Block::Kind::Rule:
        return QStringLiteral("rule");
    }
    return {};
}

void describe(const QList<Block>& blocks, int depth, QString& out) {
    for (const Block& block : blocks) {
        out += QString(depth * 2, u' ') + heading(block) + describeText(block.text);
        for (qsizetype i = 0; i < block.cells.size(); ++i) {
            const bool firstOfRow = i % block.columns.size() == 0;
            out +=
                (firstOfRow ? QStringLiteral("\n") + QString(depth * 2 + 2, u' ') : QStringLiteral(" ; ")) +
                describeText(block.cells[i]);
            const auto align = block.columns[i % block.columns.size()];
            out += align == Qt::AlignRight     ? QStringLiteral(">")
                   : align == Qt::AlignHCenter ? QStringLiteral("^")
                                               : QString();
        }
        out += u'\n';
        describe(block.children, depth + 1, out);
    }
}

} // namespace

QString describe(const QList<Block>& blocks) {
    QString out;
    describe(blocks, 0, out);
    return out;
}

QString decodeEntity(QStringView entity) {
    if (entity.size() < 3 || entity.front() != u'&' || entity.back() != u';')
        return {};
    const QStringView name = entity.mid(1, entity.size() - 2);
    if (name.front() == u'#') {
        const bool hex = name.size() > 1 && (name[1] == u'x' || name[1] == u'X');
        bool ok = false;
        const uint code = name.mid(hex ? 2 : 1).toUInt(&ok, hex ? 16 : 10);
        if (!ok)
            return {};
        const bool allowed = code >= 0x20 && code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000);
        const char32_t point = allowed ? code : 0xFFFD;
        return QString::fromUcs4(&point, 1);
    }
    for (const auto& [known, character] : entities) {
        if (name == known)
            return QString(QChar(character));
    }
    return {};
}

} // namespace ui::transcript
