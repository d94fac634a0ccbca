#pragma once
#include "ui/inspector/inspector_state.h"

#include <QWidget>

namespace ui {

/// What the colours of the window mean: the ramp with its ends, or the three who write.
class Legend : public QWidget {
    Q_OBJECT
public:
    explicit Legend(InspectorState& state, QWidget* parent = nullptr);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintRamp(QPainter& painter, const QString& low, const QString& high, HeatScale scale) const;
    void paintRoles(QPainter& painter) const;
    InspectorState& m_state;
};

} // namespace ui
