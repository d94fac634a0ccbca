#pragma once
#include "ui/inspector/inspector_state.h"
#include "ui/theme.h"

#include <QPainter>
#include <QWidget>

namespace ui {

/// Base of the Inspector's painted views: repaints when the shared state changes and only while it can be
/// seen; says in words what it shows (accessible description, value and the focus ring come with it). Main
/// thread.
class PaintedView : public QWidget {
    Q_OBJECT
public:
    PaintedView(InspectorState& state, const QString& accessibleName, QWidget* parent = nullptr);

    /// One sentence with the numbers of this moment, for screen readers and tests.
    virtual QString summary() const = 0;
    /// The one number of this moment that a screen reader may ask for; NaN: there is none.
    virtual double value() const;

protected:
    virtual void paint(QPainter& painter, const Theme& theme) = 0;
    InspectorState& state() const { return m_state; }
    const app::InspectorSnapshot& shot() const { return m_state.shot(); }
    /// Device pixels for one of ours: of the screen, or of the picture that is painted for an export.
    double ratio() const { return m_ratio > 0 ? m_ratio : devicePixelRatioF(); }
    void paintEvent(QPaintEvent*) override;
    void showEvent(QShowEvent*) override;
    /// Text in the middle for a state without numbers.
    void paintSentence(QPainter& painter, const Theme& theme, const QString& sentence);

private:
    void refresh();
    InspectorState& m_state;
    double m_ratio = 0; // while painting
};

/// The mark of the pin with this number: 0 a disc, 1 a triangle, 2 a square.
void drawPin(QPainter& painter, QPointF centre, int index, double radius, const QColor& colour);

/// "29.7 %", "0.03 %", "0 %": enough digits to tell small shares apart.
QString percent(double share);
/// "2,334" in the user's locale.
QString number(qint64 value);
/// A token's text for a small label: visible marks for line breaks and spaces, shortened to `length`.
QString tokenLabel(const QString& text, int length);

} // namespace ui
