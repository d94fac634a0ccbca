#pragma once
#include <QLocale>
#include <QString>

#include <optional>

// Numbers between a person and the program: the only place that says how they are written and what is understood. Files and the command
// line do not come here: they always have a point.
namespace app {

/// The person's language, for numbers and dates that are shown. Digits are 0 to 9 everywhere: a language that writes others is shown as
/// English writes them. Numbers in fields are written without groups.
QLocale numberLocale();

/// What a person typed or pasted, in digits of any script; nothing where it cannot be understood.
/// Point and comma are both the decimal sign: "0.5" and "0,5" are a half in every language.
std::optional<double> readDecimal(const QString& text);
/// Groups of three digits may be set off by any one sign: "4,096", "4.096", "4 096" and "4096" are the same. Not negative.
std::optional<qint64> readWhole(const QString& text);

} // namespace app
