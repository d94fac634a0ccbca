#pragma once
#include <QList>
#include <QString>

namespace ui::transcript {

enum class Token : quint8 { Plain, Keyword, Function, String, Number, Comment };

struct TokenSpan {
    int start = 0, length = 0;
    Token token = Token::Plain;
    bool operator==(const TokenSpan&) const = default;
};

/// Colours for code, good enough to read by: keywords, calls, strings, numbers, comments of some ten families
/// of languages. Plain code (an unknown language, or more than 200,000 characters) gives no spans. Spans are
/// in order and do not overlap.
QList<TokenSpan> highlightCode(const QString& code, const QString& language);

} // namespace ui::transcript
