// The window's panes: the Inspector, the order of F6, and what is remembered of them.
#include "app/chat_controller.h"
#include "ui/chat_view.h"
#include "ui/inspector/inspector_pane.h"
#include "ui/main_window.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/window/actions.h"
#include "ui/window/panes.h"

#include <QApplication>
#include <QDataStream>
#include <QPushButton>
#include <QToolButton>

namespace ui {

namespace {
constexpr quint32 layoutMagic = 0x53554d31; // "SUM1"
}

void MainWindow::setInspector(QWidget* pane) {
    if (pane)
        m_panes->setRight(pane);
    m_actions->inspector->setVisible(pane);
    m_actions->inspector->setEnabled(pane);
    m_page->header()->setHasInspector(pane);
    m_panes->setRightOpen(pane && m_controller.settings().inspectorVisible);
}

void MainWindow::buildInspector() {
    auto* inspector = new InspectorPane(m_controller);
    ChatView* view = m_page->view();
    connect(inspector, &InspectorPane::highlightsChanged, view, &ChatView::setHighlights);
    connect(view, &ChatView::textHovered, inspector, &InspectorPane::lookAt);
    connect(view, &ChatView::textPinned, inspector, [this, inspector](TextPlace place) {
        if (!m_panes->isRightOpen())
            m_actions->inspector->trigger();
        inspector->lookAt(place);
    });
    m_panes->setRight(inspector);
}

void MainWindow::showInspector(bool show) {
    if (show && !m_panes->right()) // made when first wanted: most starts do without
        buildInspector();
    if (show != m_panes->isRightOpen())
        m_panes->setRightOpen(show);
}

void MainWindow::showArrangement() {
    m_page->header()->listButton()->setVisible(!m_panes->isLeftOpen());
    m_actions->chatList->setChecked(m_panes->isLeftOpen());
    m_actions->inspector->setChecked(m_panes->isRightOpen());
}

void MainWindow::setTextSize(int percent) {
    app::Settings settings = m_controller.settings();
    settings.textSize = percent;
    m_controller.applySettings(settings);
}

void MainWindow::cyclePanes(int step) {
    QList<QWidget*> stops;
    if (m_panes->isLeftOpen())
        stops += m_side->list();
    stops += m_page->isEmpty() ? static_cast<QWidget*>(m_page->composer()->edit()) : m_page->view();
    if (!m_page->isEmpty())
        stops += m_page->composer()->edit();
    if (m_panes->isRightOpen()) {
        if (auto* inspector = qobject_cast<InspectorPane*>(m_panes->right()))
            stops += inspector->stops();
        else
            stops += m_panes->right();
    }
    const auto holdsFocus = [](QWidget* pane) {
        const QWidget* focus = QApplication::focusWidget();
        return focus && (focus == pane || pane->isAncestorOf(focus));
    };
    qsizetype at = 0;
    while (at < stops.size() && !holdsFocus(stops.at(at)))
        ++at;
    if (at == stops.size()) // somewhere between the panes
        at = step > 0 ? stops.size() - 1 : 0;
    QWidget* next = stops.at((at + step + stops.size()) % stops.size());
    next->setFocus(step > 0 ? Qt::TabFocusReason : Qt::BacktabFocusReason);
    if (next == m_panes->right() && !holdsFocus(next)) // a pane that takes no focus itself passes it on
        if (QWidget* first = next->nextInFocusChain())
            first->setFocus(Qt::TabFocusReason);
}

QByteArray MainWindow::layoutState() const {
    QByteArray state;
    QDataStream out(&state, QIODevice::WriteOnly);
    out << layoutMagic << saveGeometry() << m_panes->isLeftWanted() << qint32(m_panes->rightWidth());
    return state;
}

void MainWindow::restoreLayout(const QByteArray& state) {
    QDataStream in(state);
    quint32 magic = 0;
    QByteArray geometry;
    bool left = true;
    qint32 rightWidth = 0;
    in >> magic >> geometry >> left >> rightWidth;
    if (in.status() != QDataStream::Ok || magic != layoutMagic)
        return;
    restoreGeometry(geometry);
    m_panes->setLeftWanted(left);
    m_panes->setRightWidth(rightWidth);
}

} // namespace ui
