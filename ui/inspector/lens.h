#pragma once
#include "ui/inspector/painted_view.h"

namespace ui {

/// V2b: the words around the token that is pointed at (or the newest one): eight before and eight after it, in
/// reading order, each over a bar in the colour of its attention. The only place of the Cache tab where the
/// window is text.
class Lens : public PaintedView {
    Q_OBJECT
public:
    explicit Lens(InspectorState& state, QWidget* parent = nullptr);
    QString summary() const override;
    QSize sizeHint() const override;

    static constexpr int Around = 8;
    /// What is shown: positions in view, in order.
    std::vector<engine::StreamPosition> positions() const;
    engine::StreamPosition middle() const;

protected:
    void paint(QPainter& painter, const Theme& theme) override;

private:
    QString word(engine::StreamPosition position) const;
};

} // namespace ui
