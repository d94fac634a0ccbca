#pragma once
#include "engine/presentable.h"

#include <QString>

namespace app {

/// engine::presentable() for the window: one line that can be shown, whatever was written.
inline QString presentable(const QString& text, int most = 200) {
    // A part is enough: no more than `most` characters of it are looked at.
    const QString part = text.left(2 * (qsizetype(most) + 2));
    return QString::fromStdString(engine::presentable(part.toStdString(), static_cast<std::size_t>(most)));
}

/// Characters of a chat's title that are shown.
inline constexpr int longestTitle = 200;

/// A title in one line.
inline QString presentableTitle(const QString& title) {
    return presentable(title.left(4 * longestTitle).simplified(), longestTitle);
}

} // namespace app
