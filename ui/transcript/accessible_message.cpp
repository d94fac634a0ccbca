#include "ui/transcript/accessible_message.h"

#include "ui/transcript/icons.h"

namespace ui::transcript {

QString AccessibleMessage::text(QAccessible::Text which) const {
    switch (which) {
    case QAccessible::Name:
        return m_transcript->messageName(m_row);
    case QAccessible::Value:
        return m_transcript->messageText(m_row);
    case QAccessible::Description:
        return m_transcript->horizon(m_row) ? ChatView::tr("The model no longer sees this message")
                                            : QString();
    default:
        return {};
    }
}

QAccessible::State AccessibleMessage::state() const {
    QAccessible::State state;
    state.focusable = state.readOnly = state.selectableText = state.multiLine = true;
    const QRect view = m_transcript->rect();
    state.offscreen = !view.intersects(rect());
    return state;
}

void* AccessibleMessage::interface_cast(QAccessible::InterfaceType type) {
    if (type == QAccessible::TextInterface)
        return static_cast<QAccessibleTextInterface*>(this);
    if (type == QAccessible::ActionInterface)
        return static_cast<QAccessibleActionInterface*>(this);
    return nullptr;
}

QString AccessibleMessage::attributes(int, int* begin, int* end) const {
    *begin = 0;
    *end = characterCount();
    return {};
}

QStringList AccessibleMessage::actionNames() const {
    QStringList names;
    for (const Target& target : m_transcript->messageTargets(m_row))
        names.append(targetName(target));
    return names;
}

void AccessibleMessage::doAction(const QString& name) {
    for (const Target& target : m_transcript->messageTargets(m_row)) {
        if (targetName(target) == name) {
            m_transcript->activate(m_row, target);
            return;
        }
    }
}

} // namespace ui::transcript
