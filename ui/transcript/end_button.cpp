#include "ui/transcript/end_button.h"

#include "ui/theme.h"

#include <QPainter>

namespace ui::transcript {

namespace {
constexpr int diameter = 34, above = 10;
}

EndButton::EndButton(QWidget* parent) : QAbstractButton(parent) {
    setAccessibleName(tr("Go to the newest message"));
    setToolTip(tr("Newest message (End)"));
    setFocusPolicy(Qt::TabFocus); // a click leaves the focus where it is
    setCursor(Qt::ArrowCursor);
    hide();
}

void EndButton::place(int centre, int bottom, bool wanted) {
    const int length = Theme::current().px(diameter);
    setGeometry(centre - length / 2, bottom - above - length, length, length);
    if (!wanted && hasFocus())
        parentWidget()->setFocus();
    setVisible(wanted);
}

void EndButton::enterEvent(QEnterEvent* event) {
    QAbstractButton::enterEvent(event);
    update();
}

void EndButton::leaveEvent(QEvent* event) {
    QAbstractButton::leaveEvent(event);
    update();
}

void EndButton::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(hasFocus() ? QPen(theme.accent, 2) : QPen(theme.line, 1));
    painter.setBrush(underMouse() || isDown() ? theme.hover : theme.raised);
    painter.drawEllipse(QRectF(rect()).adjusted(1, 1, -1, -1));
    const qreal scale = width() / static_cast<qreal>(diameter);
    painter.translate(QRectF(rect()).center());
    painter.scale(scale, scale);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(
        QPen(underMouse() ? theme.text : theme.text2, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(QPolygonF({{-4.5, 0.5}, {0, 5}, {4.5, 0.5}}));
    painter.drawLine(QPointF(0, -5.5), QPointF(0, 4.5));
}

} // namespace ui::transcript
