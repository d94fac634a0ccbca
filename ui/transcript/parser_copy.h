#pragma once
#include <QByteArray>
#include <QString>
#include <vector>

namespace ui::transcript {

/// The copy of a text that md4c reads. Signs that are no markup here are hidden in it: everything inside a
/// formula, the colon that would make `[1]: ...` vanish as a definition, a lonely `~`. The line under a
/// table's head is lengthened to the longest row, because md4c drops further cells. What is shown is always
/// cut from the text itself, at the places toSource() tells.
class ParserCopy {
public:
    explicit ParserCopy(QStringView source);

    const QByteArray& utf8() const { return m_utf8; }
    /// UTF-16 offset of a byte of the copy. Asked in nearly ascending order.
    int toSource(int byte);
    /// A string that md4c made from the copy, with its hidden signs.
    static QString shown(QString parsed);

private:
    struct Insertion {
        int at = 0, size = 0; // bytes of the copy that stand for nothing
    };
    QByteArray m_utf8;
    std::vector<Insertion> m_insertions; // ascending
    int m_byte = 0, m_unit = 0;
    std::size_t m_next = 0; // insertion
};

} // namespace ui::transcript
