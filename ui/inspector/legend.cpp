#include "ui/inspector/legend.h"

#include "ui/theme.h"

#include <QPainter>

namespace ui {

namespace {
int legendHeight() {
    return Theme::current().px(16);
}
constexpr int Ramp = 80, RampHigh = 7;
} // namespace

Legend::Legend(InspectorState& state, QWidget* parent) : QWidget(parent), m_state(state) {
    setFixedHeight(legendHeight());
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    QObject::connect(&state, &InspectorState::viewChanged, this, [this] { update(); });
}

QSize Legend::sizeHint() const {
    return {170, legendHeight()};
}

void Legend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setFont(Theme::current().label);
    painter.setPen(Theme::current().text2);
    switch (m_state.gridMode()) {
    case GridMode::Role:
        return paintRoles(painter);
    case GridMode::Age:
        return paintRamp(painter, tr("oldest"), tr("newest"), HeatScale::Linear);
    case GridMode::Received:
        return paintRamp(painter, QStringLiteral("1e-6"), tr("1 or more"), HeatScale::Log);
    case GridMode::Mass:
        break;
    }
    const HeatScale scale = m_state.scale();
    paintRamp(painter,
              scale == HeatScale::Log      ? QStringLiteral("1e-6")
              : scale == HeatScale::Linear ? QStringLiteral("0")
                                           : QStringLiteral("÷256"),
              scale == HeatScale::Lift ? QStringLiteral("×256") : QStringLiteral("1"), scale);
}

void Legend::paintRamp(QPainter& painter, const QString& low, const QString& high, HeatScale scale) const {
    const int left = painter.fontMetrics().horizontalAdvance(low) + 6;
    painter.drawText(QRect(0, 0, left, legendHeight()), Qt::AlignLeft | Qt::AlignVCenter, low);
    painter.drawImage(left, (legendHeight() - RampHigh) / 2,
                      heatLegend(Ramp, RampHigh, scale, Theme::current().dark));
    painter.drawText(QRect(left + Ramp + 6, 0, 90, legendHeight()), Qt::AlignLeft | Qt::AlignVCenter, high);
}

void Legend::paintRoles(QPainter& painter) const {
    const Theme& theme = Theme::current();
    int x = 0;
    for (const auto& [colour, name] : {std::pair{theme.sink, tr("instructions")},
                                       {theme.window, tr("you")},
                                       {theme.text3, tr("the model")}}) {
        painter.fillRect(QRect(x, 4, 8, 8), colour);
        painter.drawText(QRect(x + 13, 0, 120, legendHeight()), Qt::AlignLeft | Qt::AlignVCenter, name);
        x += 13 + painter.fontMetrics().horizontalAdvance(name) + 12;
    }
}

} // namespace ui
