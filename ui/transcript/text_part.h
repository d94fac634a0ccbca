#pragma once
#include "ui/transcript/look.h"
#include "ui/transcript/rich_text.h"

#include <memory>
#include <QRectF>
#include <QTextLayout>
#include <vector>

namespace ui::transcript {

/// How a text is laid out: everything that does not come from the text.
struct PartStyle {
    QFont font;
    int lineHeight = 0;
    qreal width = 0;
    Qt::LayoutDirection direction = Qt::LeftToRight;
    Qt::Alignment align = Qt::AlignLeft;
    bool oneLine = false;                    // known to fit
    QList<QTextLayout::FormatRange> formats; // in positions of the text
};

/// A laid-out text of one direction. Positions are those of its text; the layout may hold invisible marks
/// besides, which keep code from left to right in a text that runs the other way.
class TextPart {
public:
    TextPart(RichText text, const PartStyle& style, QPointF at, int offset);

    QPointF at;     // in the box
    int offset = 0; // of its first position, in the box's text

    const RichText& text() const { return m_text; }
    int length() const { return static_cast<int>(m_text.text.size()); }
    qreal width() const { return m_width; }
    qreal height() const { return m_tops.back(); }
    qreal naturalWidth() const { return m_naturalWidth; }
    bool isRightToLeft() const { return m_direction == Qt::RightToLeft; }

    int lineCount() const { return m_layout->lineCount(); }
    int lineOf(int position) const;
    qreal lineTop(int line) const { return m_tops[static_cast<std::size_t>(line)]; }
    qreal lineBottom(int line) const { return m_tops[static_cast<std::size_t>(line) + 1]; }
    /// Left and right edge of what stands on a line.
    std::pair<qreal, qreal> lineEdges(int line) const;
    int lineAt(qreal y) const;
    int hit(QPointF point) const; // relative to `at`
    qreal x(int position) const;
    /// What a stretch covers on a line, from left to right: several pieces where directions mix.
    QList<std::pair<qreal, qreal>> spans(int line, int begin, int end) const;

    /// Moves the lines from this one on.
    void shift(int line, qreal by);
    /// Text before position `faded` in `colour`.
    void draw(QPainter& painter, QPointF origin, int faded, const QColor& colour, const QRectF& clip) const;

private:
    int toLayout(int position) const;
    int toText(int layoutPosition) const;
    QString marked();

    RichText m_text;
    std::unique_ptr<QTextLayout> m_layout;
    std::vector<qreal> m_tops; // of the lines, and the bottom of the last
    std::vector<int> m_marks;  // positions before which the layout has a mark
    Qt::LayoutDirection m_direction;
    bool m_mixed = false; // has text in both directions
    qreal m_width = 0, m_naturalWidth = 0;
};

/// How the runs of a text look, as formats over `base`.
QList<QTextLayout::FormatRange> runFormats(const RichText& rich, const QFont& base, const Look& look);

/// The text's direction. Code in it does not count: it always runs from left to right.
Qt::LayoutDirection directionOf(const RichText& rich, Qt::LayoutDirection otherwise);

} // namespace ui::transcript
