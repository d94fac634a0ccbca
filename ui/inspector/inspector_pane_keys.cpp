// The keys of the Inspector. Views of cells take the arrows for their cursor; what they do not take comes here.
#include "ui/inspector/inspector_pane.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QLabel>

#include <algorithm>

namespace ui {

namespace {

template <class Value>
Value after(Value value, int count) {
    return static_cast<Value>((static_cast<int>(value) + 1) % count);
}

} // namespace

void InspectorPane::showSentence(const QString& sentence) {
    // One line, so that the views above do not jump; the whole sentence is in the tool tip and for the reader.
    const QString cut = m_stateLine->fontMetrics().elidedText(sentence, Qt::ElideRight, m_stateLine->width());
    m_stateLine->setText(cut);
    m_stateLine->setToolTip(cut == sentence ? QString() : sentence);
    m_stateLine->setAccessibleName(sentence);
}

void InspectorPane::say(const QString& sentence) {
    showSentence(sentence);
    m_saidTimer.start();
    // Qt 6.4 has no announcements: the changed name of the line is what a screen reader notices.
    QAccessibleEvent event(m_stateLine, QAccessible::NameChanged);
    QAccessible::updateAccessibility(&event);
}

bool InspectorPane::keyOfTime(QKeyEvent* event) {
    const bool turns = event->modifiers() & Qt::ControlModifier;
    switch (event->key()) {
    case Qt::Key_Space:
        if (event->modifiers() & Qt::ShiftModifier)
            toggleGeneration();
        else
            m_state->paused() ? m_state->resume() : m_state->pause();
        return true;
    case Qt::Key_Escape:
    case Qt::Key_End:
        m_state->resume();
        return true;
    case Qt::Key_Home:
        m_state->scrubTo(0);
        return true;
    case Qt::Key_Left:
        turns ? m_state->scrubTurn(-1) : m_state->scrubBy(-1);
        return true;
    case Qt::Key_Right:
        turns ? m_state->scrubTurn(1) : m_state->scrubBy(1);
        return true;
    default:
        return false;
    }
}

bool InspectorPane::keyOfScope(QKeyEvent* event) {
    const HeadScope scope = m_state->scope();
    switch (event->key()) {
    case Qt::Key_BracketLeft:
        m_state->setScope({scope.layer - 1, scope.head});
        return true;
    case Qt::Key_BracketRight:
        m_state->setScope({scope.layer + 1, scope.head});
        return true;
    case Qt::Key_BraceLeft:
        m_state->setScope({std::max(0, scope.layer), scope.head - 1});
        return true;
    case Qt::Key_BraceRight:
        m_state->setScope({std::max(0, scope.layer), scope.head + 1});
        return true;
    case Qt::Key_A:
        m_state->setScope({});
        return true;
    case Qt::Key_M:
        m_state->setAggregate(after(m_state->aggregate(), 2));
        return true;
    default:
        return false;
    }
}

bool InspectorPane::keyOfView(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_H:
        m_state->setSinksHidden(!m_state->sinksHidden());
        return true;
    case Qt::Key_L:
        m_state->setScale(after(m_state->scale(), 3));
        return true;
    case Qt::Key_O:
        m_state->setOrder(after(m_state->order(), 2));
        return true;
    case Qt::Key_G:
        m_state->setGridMode(after(m_state->gridMode(), 4));
        return true;
    case Qt::Key_V:
        m_state->setHeadValue(after(m_state->headValue(), 7));
        return true;
    case Qt::Key_T:
        showNumbers();
        return true;
    default:
        return false;
    }
}

void InspectorPane::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_E && event->modifiers() & Qt::ControlModifier)
        return exportView();
    if (keyOfTime(event))
        return;
    // Ctrl+A, Ctrl+L and their like belong to the window.
    const bool plain = !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier));
    if (plain && (keyOfScope(event) || keyOfView(event)))
        return;
    QWidget::keyPressEvent(event);
}

} // namespace ui
