#pragma once
#include <QString>
#include <QWidget>

class QPainter;

namespace ui {

/// Text whose digits all take the width of the widest one, so that changing numbers do not make their
/// neighbours dance. Qt 6.4 cannot ask a font for its tabular figures.
qreal tabularWidth(const QFont& font, const QString& text);
/// Draws with the painter's font and pen; `baseline` is the left end of the base line.
void drawTabular(QPainter& painter, QPointF baseline, const QString& text);

/// One line of such text in the label font, cut with an ellipsis where it does not fit.
class TabularLabel : public QWidget {
    Q_OBJECT
public:
    explicit TabularLabel(Qt::Alignment alignment, QWidget* parent = nullptr);

    void setText(const QString& text);
    QString text() const { return m_text; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Qt::Alignment m_alignment;
    QString m_text;
};

} // namespace ui
