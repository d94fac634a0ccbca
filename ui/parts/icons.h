#pragma once
#include <QIcon>

namespace ui {

/// An icon of resources/icons in the colours of the current theme: labels' colour normally, text colour under
/// the pointer. It follows a change of theme by itself. Main thread only.
QIcon icon(const QString& name);
/// The same with a fixed meaning: the colour is asked for at each painting.
QIcon icon(const QString& name, QColor (*colour)());

} // namespace ui
