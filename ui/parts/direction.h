#pragma once
#include <QStringView>

namespace ui {

/// The direction of a paragraph: that of its first character that has one; `otherwise` when none has.
Qt::LayoutDirection directionOf(QStringView text, Qt::LayoutDirection otherwise = Qt::LeftToRight);

/// True when a part of the text runs from right to left.
bool hasRightToLeft(QStringView text);

} // namespace ui
