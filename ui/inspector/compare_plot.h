#pragma once
#include "app/compare_runner.h"
#include "ui/theme.h"

#include <QWidget>

namespace ui {

/// V11: perplexity of the last 256 tokens along the text, one line a mode, on a logarithmic axis; marks where
/// the first token is forgotten. Lines differ by colour, dash and end shape.
class ComparePlot : public QWidget {
    Q_OBJECT
public:
    explicit ComparePlot(app::CompareRunner& runner, QWidget* parent = nullptr);
    QString summary() const;
    QSize sizeHint() const override;
    void setTrainedLength(int tokens) { m_trainedLength = tokens; }
    /// Also used for exports.
    void render(QPainter& painter, const QRectF& area, const Theme& theme) const;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    app::CompareRunner& m_runner;
    int m_trainedLength = 0;
};

} // namespace ui
