#pragma once
#include <QString>

namespace app {

/// A title for a chat from its first message: its first words on one line, without Markdown signs, at most 48
/// characters.
QString titleFrom(const QString& firstMessage);

} // namespace app
