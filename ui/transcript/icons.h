#pragma once
#include "ui/transcript/message_layout.h"

namespace ui::transcript {

/// What an action is called: tooltip and accessible name.
QString targetName(const Target& target);

/// Draws an action's button. CopyCode is a word that its frame draws; it only gets the ring of the keyboard
/// here.
void paintTarget(QPainter& painter, const Theme& theme, const Target& target, bool hot, bool focused);

} // namespace ui::transcript
