#pragma once
#include <QString>

// What may be left out of a text that is shown as Markdown, told once more and apart from the program.
namespace markdown_test {

/// What of `source` a reader of the finished message cannot see and what is no markup there; empty when
/// everything can be seen. Blanks do not count.
QString unseen(const QString& source);

/// The finished message as it is copied and read aloud.
QString shown(const QString& source);

/// True when the text was given up and is shown as it was written.
bool isShownAsWritten(const QString& source);

} // namespace markdown_test
