#include "ui/inspector/painted_view.h"

#include "app/numbers.h"
#include "ui/inspector/accessible_cells.h"

#include <QPaintEvent>

#include <limits>

namespace ui {

PaintedView::PaintedView(InspectorState& state, const QString& accessibleName, QWidget* parent)
    : QWidget(parent), m_state(state) {
    installInspectorAccessibility();
    setAccessibleName(accessibleName);
    setFocusPolicy(Qt::StrongFocus);
    connect(&state, &InspectorState::shotChanged, this, &PaintedView::refresh);
    connect(&state, &InspectorState::viewChanged, this, &PaintedView::refresh);
}

void PaintedView::refresh() {
    if (isVisible())
        update();
    // Read out on request or while paused, never token by token.
    if (m_state.paused() || !isVisible())
        setAccessibleDescription(summary());
}

double PaintedView::value() const {
    return std::numeric_limits<double>::quiet_NaN();
}

void PaintedView::showEvent(QShowEvent*) {
    setAccessibleDescription(summary());
}

void PaintedView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = Theme::current();
    painter.setFont(theme.list);
    m_ratio = painter.deviceTransform().m11();
    paint(painter, theme);
    m_ratio = 0;
    if (hasFocus()) {
        painter.setPen(QPen(theme.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(rect().adjusted(1, 1, -1, -1), metrics::radiusCell, metrics::radiusCell);
    }
}

void PaintedView::paintSentence(QPainter& painter, const Theme& theme, const QString& sentence) {
    painter.setPen(theme.text3);
    painter.setFont(theme.label);
    painter.drawText(rect().adjusted(8, 8, -8, -8), Qt::AlignCenter | Qt::TextWordWrap, sentence);
}

void drawPin(QPainter& painter, QPointF centre, int index, double radius, const QColor& colour) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    if (index == 0)
        painter.drawEllipse(centre, radius, radius);
    else if (index == 1)
        painter.drawPolygon(
            QPolygonF({centre + QPointF(0, -1.2 * radius), centre + QPointF(1.1 * radius, radius),
                       centre + QPointF(-1.1 * radius, radius)}));
    else
        painter.drawRect(
            QRectF(centre.x() - 0.9 * radius, centre.y() - 0.9 * radius, 1.8 * radius, 1.8 * radius));
    painter.restore();
}

QString percent(double share) {
    const double value = share * 100;
    if (value == 0)
        return QStringLiteral("0 %");
    const int digits = value >= 10 ? 1 : value >= 0.1 ? 2 : 3;
    return app::numberLocale().toString(value, 'f', digits) + QStringLiteral(" %");
}

QString number(qint64 value) {
    return app::numberLocale().toString(value);
}

QString tokenLabel(const QString& text, int length) {
    QString label = text;
    label.replace(QLatin1Char('\n'), QStringLiteral("\\n"));
    label.replace(QLatin1Char('\t'), QStringLiteral("\\t"));
    label.replace(QLatin1Char('\r'), QStringLiteral("\\r"));
    if (label.startsWith(QLatin1Char(' ')) && label.size() > 1)
        label.remove(0, 1);
    else if (label == QStringLiteral(" "))
        label = QStringLiteral("\u2423");
    return label.size() > length ? label.left(length - 1) + QStringLiteral("…") : label;
}

} // namespace ui
