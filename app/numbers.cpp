#include "app/numbers.h"

#include <QRegularExpression>

namespace app {

namespace {

/// In digits 0 to 9, without blanks around it and marks of direction, which come along with pasted Arabic.
QString plain(const QString& text) {
    QString result;
    for (const QChar character : text) {
        if (character.isDigit())
            result += QChar(u'0' + character.digitValue());
        else if (character.category() != QChar::Other_Format)
            result += character;
    }
    return result.trimmed();
}

} // namespace

QLocale numberLocale() {
    const QLocale locale;
    return locale.zeroDigit() == QStringLiteral("0") ? locale : QLocale(QLocale::English);
}

std::optional<double> readDecimal(const QString& text) {
    // U+066B is the decimal sign of Arabic.
    static const QRegularExpression decimal(QStringLiteral("^([0-9]*)(?:[.,\\x{66B}]([0-9]*))?$"));
    const QRegularExpressionMatch match = decimal.match(plain(text));
    if (!match.hasMatch() || match.capturedLength(1) + match.capturedLength(2) == 0)
        return std::nullopt;
    bool good = false;
    const double value = (match.captured(1) + u'.' + match.captured(2)).toDouble(&good);
    return good ? std::optional(value) : std::nullopt;
}

std::optional<qint64> readWhole(const QString& text) {
    // Point, comma, blanks of every width, the apostrophes of Switzerland, and U+066C of Arabic.
    static const QRegularExpression grouped(QStringLiteral(
        "^[0-9]{1,3}(?:([.,'\\s\\x{A0}\\x{2009}\\x{202F}\\x{2019}\\x{66C}])[0-9]{3}(?:\\1[0-9]{3})*)$")),
        ungrouped(QStringLiteral("^[0-9]+$"));
    QString digits = plain(text);
    if (!ungrouped.match(digits).hasMatch()) {
        if (!grouped.match(digits).hasMatch())
            return std::nullopt;
        digits.removeIf([](QChar character) { return !character.isDigit(); });
    }
    bool good = false;
    const qint64 value = digits.toLongLong(&good);
    return good ? std::optional(value) : std::nullopt;
}

} // namespace app
