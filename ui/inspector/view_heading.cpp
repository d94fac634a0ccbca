#include "ui/inspector/view_heading.h"

#include "ui/theme.h"

#include <algorithm>
#include <QPainter>

namespace ui {

ViewHeading::ViewHeading(Mark mark, const QString& name, QWidget* parent)
    : QWidget(parent), m_mark(mark), m_name(name) {
    setFixedHeight(Theme::current().px(22));
}

void ViewHeading::setValue(const QString& strong, const QString& plain) {
    if (strong == m_strong && plain == m_plain)
        return;
    m_strong = strong;
    m_plain = plain;
    setAccessibleName(m_name + QLatin1Char(' ') + strong + QLatin1Char(' ') + plain);
    setToolTip((strong + QLatin1Char(' ') + plain).trimmed());
    update();
}

void ViewHeading::setHint(const QString& hint) {
    if (hint == m_hint)
        return;
    m_hint = hint;
    updateGeometry();
    setAccessibleName(m_name + QLatin1Char(' ') + hint);
    update();
}

QSize ViewHeading::minimumSizeHint() const {
    QFont bold = Theme::current().label;
    bold.setWeight(QFont::DemiBold);
    const int name = QFontMetrics(bold).horizontalAdvance(m_name) + (m_mark == Mark::None ? 0 : 15);
    const int hint = QFontMetrics(Theme::current().label).horizontalAdvance(m_hint);
    return {name + (hint > 0 ? hint + 10 : 0), height()};
}

void ViewHeading::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = Theme::current();
    QFont bold = theme.label;
    bold.setWeight(QFont::DemiBold);
    int left = 0;
    if (m_mark != Mark::None) {
        const QColor colour = m_mark == Mark::Sink ? theme.sink : theme.window;
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        const QPointF middle(5, height() / 2.0);
        if (m_mark == Mark::Sink)
            painter.drawPolygon(QPolygonF({middle + QPointF(0, -5), middle + QPointF(5, 0),
                                           middle + QPointF(0, 5), middle + QPointF(-5, 0)}));
        else
            painter.drawRect(QRectF(middle.x() - 4, middle.y() - 4, 8, 8));
        painter.setPen(colour);
        left = 15;
    } else {
        painter.setPen(theme.text);
    }
    painter.setFont(bold);
    painter.drawText(QRect(left, 0, width() - left, height()), Qt::AlignLeft | Qt::AlignVCenter, m_name);
    left += QFontMetrics(bold).horizontalAdvance(m_name) + 8;
    painter.setFont(theme.label);
    painter.setPen(theme.text2);
    painter.drawText(QRect(left, 0, width() - left, height()), Qt::AlignLeft | Qt::AlignVCenter, m_hint);
    // What is said about it is cut at its end before it lies on the name.
    const QFontMetrics font(theme.label);
    const int taken =
        left + (m_hint.isEmpty() ? 0 : font.horizontalAdvance(m_hint) + 8) +
        (m_strong.isEmpty() ? 0 : QFontMetrics(bold).horizontalAdvance(m_strong + QLatin1Char(' ')));
    const QString plain = font.elidedText(m_plain, Qt::ElideRight, std::max(0, width() - taken));
    painter.drawText(rect(), Qt::AlignRight | Qt::AlignVCenter, plain);
    const int used = font.horizontalAdvance(plain + QLatin1Char(' '));
    painter.setFont(bold);
    painter.setPen(theme.text);
    painter.drawText(rect().adjusted(0, 0, plain.isEmpty() ? 0 : -used, 0), Qt::AlignRight | Qt::AlignVCenter,
                     m_strong);
}

} // namespace ui
