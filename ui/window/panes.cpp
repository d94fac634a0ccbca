#include "ui/window/panes.h"

#include "ui/theme.h"

#include <functional>
#include <QMouseEvent>
#include <QPainter>

namespace ui {

namespace {

constexpr int handleWidth = 7; // pixels that can be caught; the border itself is one

/// An invisible strip over the border of the right pane.
class DragHandle : public QWidget {
public:
    DragHandle(QWidget* parent, std::function<void(int)> drag) : QWidget(parent), m_drag(std::move(drag)) {
        setCursor(Qt::SplitHCursor);
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter(this).fillRect(handleWidth / 2, 0, 1, height(), Theme::current().line);
    }
    void mouseMoveEvent(QMouseEvent* event) override {
        if (event->buttons() & Qt::LeftButton)
            m_drag(mapToParent(event->position().toPoint()).x());
    }
    void mousePressEvent(QMouseEvent* event) override { event->accept(); }

private:
    std::function<void(int)> m_drag;
};

} // namespace

Panes::Panes(QWidget* left, QWidget* middle, QWidget* parent)
    : QWidget(parent), m_left(left), m_middle(middle),
      m_handle(new DragHandle(this, [this](int x) { setRightWidth(width() - x); })),
      m_rightWidth(Theme::current().px(metrics::inspector)) {
    m_middle->setParent(this);
    m_left->setParent(this);
    m_handle->hide();
}

void Panes::setRight(QWidget* right) {
    m_right = right;
    m_right->setParent(this);
    m_right->setAutoFillBackground(true); // it may lie over the page
    m_right->hide();
    arrange();
}

bool Panes::leftOverlays() const {
    return width() < Theme::current().px(metrics::chatListCollapsesBelow);
}

bool Panes::rightOverlays() const {
    return width() < Theme::current().px(metrics::inspectorOverlayBelow);
}

bool Panes::isLeftOpen() const {
    return leftOverlays() ? m_leftOverlayOpen : m_leftOpen;
}

void Panes::setLeftOpen(bool open) {
    (leftOverlays() ? m_leftOverlayOpen : m_leftOpen) = open;
    arrange();
}

void Panes::setRightOpen(bool open) {
    m_rightOpen = open;
    arrange();
}

void Panes::setLeftWanted(bool wanted) {
    m_leftOpen = wanted;
    arrange();
}

void Panes::setRightWidth(int wanted) {
    const Theme& theme = Theme::current();
    m_rightWidth = qBound(theme.px(metrics::inspectorMin), wanted, theme.px(metrics::inspectorMax));
    arrange();
}

void Panes::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange) // the widths belong to the size of the text
        setRightWidth(m_rightWidth);
}

void Panes::resizeEvent(QResizeEvent*) {
    if (!leftOverlays())
        m_leftOverlayOpen = false;
    arrange();
}

void Panes::arrange() {
    const bool leftOpen = isLeftOpen(), rightOpen = isRightOpen();
    const int leftWidth = std::min(Theme::current().px(metrics::chatList), width());
    const int rightWidth = std::min(m_rightWidth, width());
    const int begin = leftOpen && !leftOverlays() ? leftWidth : 0;
    const int end = width() - (rightOpen && !rightOverlays() ? rightWidth : 0);
    m_middle->setGeometry(begin, 0, end - begin, height());
    m_left->setGeometry(0, 0, leftWidth, height());
    m_left->setVisible(leftOpen);
    if (m_right) {
        m_right->setGeometry(width() - rightWidth + 1, 0, rightWidth - 1,
                             height()); // the handle draws the border
        m_right->setVisible(rightOpen);
        m_right->raise();
    }
    m_handle->setGeometry(width() - rightWidth - handleWidth / 2, 0, handleWidth, height());
    m_handle->setVisible(rightOpen);
    m_handle->raise();
    if (leftOpen && leftOverlays())
        m_left->raise();
    Q_EMIT arrangementChanged();
}

} // namespace ui
