#include "ui/transcript/parser_copy.h"
#include "ui/transcript/markup_hider.h"

#include <algorithm>

namespace ui::transcript {

ParserCopy::ParserCopy(QStringView source) : m_utf8(source.toUtf8()) {
    MarkupHider hider(m_utf8);
    hider.run();
    if (hider.missing.empty())
        return;
    QByteArray longer;
    int from = 0;
    for (const auto& [at, more] : hider.missing) {
        longer += m_utf8.mid(from, at - from);
        m_insertions.push_back({static_cast<int>(longer.size()), static_cast<int>(more.size())});
        longer += more;
        from = at;
    }
    longer += m_utf8.mid(from);
    m_utf8 = longer;
}

int ParserCopy::toSource(int byte) {
    if (byte < m_byte) {
        m_byte = m_unit = 0;
        m_next = 0;
    }
    while (m_byte < byte) {
        if (m_next < m_insertions.size() && m_insertions[m_next].at == m_byte) {
            m_byte += m_insertions[m_next++].size;
            continue;
        }
        const auto c = static_cast<uchar>(m_utf8[m_byte++]);
        m_unit += (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
    }
    return m_unit;
}

QString ParserCopy::shown(QString parsed) {
    static constexpr std::array<char, 128> bytes = hidingBytes();
    for (QChar& c : parsed) {
        const auto sign = std::find(bytes.begin(), bytes.end(), c.unicode() < 0x20 ? c.toLatin1() : '\x7F');
        if (sign != bytes.end() && *sign != 0)
            c = QLatin1Char(static_cast<char>(sign - bytes.begin()));
    }
    return parsed;
}

} // namespace ui::transcript
