#pragma once
#include "ui/transcript/box_spec.h"

#include <memory>
#include <QRectF>
#include <QTextLayout>
#include <vector>

class QPainter;

namespace ui::transcript {

/// How the runs of a text look, as formats over `base`.
QList<QTextLayout::FormatRange> runFormats(const RichText& rich, const QFont& base, const Look& look);

/// A laid-out text. Positions are those of the message's plain text.
struct TextPart {
    std::unique_ptr<QTextLayout> layout;
    const RichText* rich = nullptr; // into the box's spec
    QPointF at;                     // in the box
    std::vector<qreal> tops;        // of the lines, and the bottom of the last: relative to `at`
    int offset = 0;                 // first position, relative to the box's text
};

/// A part of a line, in the box's coordinates.
struct LineRect {
    QRectF rect;
    int part = 0, line = 0;
};

/// A link in a box's text.
struct BoxLink {
    int begin = 0, end = 0;
    QString url;
};

/// One laid-out box of a message.
class Box {
public:
    Box(BoxSpec spec, const Look& look, int width);

    const BoxSpec& spec() const { return m_spec; }
    int length() const { return m_length; } // of its own plain text
    qreal height() const { return m_height + m_shift; }
    qreal naturalWidth() const { return m_naturalWidth; }

    /// Position (relative to the box's text) nearest to a point in the box.
    int hit(QPointF point) const;
    /// True when the point is on text, not beside it.
    bool onText(QPointF point) const;
    QString linkAt(QPointF point) const;
    QList<BoxLink> links() const;
    QList<LineRect> rects(int begin, int end) const;
    QRectF caret(int position) const;
    /// Top of the line that holds a position.
    qreal lineTop(int position) const;
    int toSource(int position) const;
    int toPosition(int source) const;
    int sourceBegin() const;
    int sourceEnd() const;
    int snapped(int position, bool up) const; // to graphemes

    /// Makes room of `space` pixels above the line that holds `position`; returns where. Text boxes only.
    qreal openGap(int position, qreal space);
    void closeGap();

    /// `forgotten`: text before this position has the forgotten colour.
    void paint(QPainter& painter, const Look& look, QPointF at, int forgotten, const QRectF& clip) const;

private:
    void layOutText(const Look& look, int width);
    void layOutCode(const Look& look, int width);
    void layOutTable(const Look& look, int width);
    qreal addPart(const RichText& rich, const QFont& font, QList<QTextLayout::FormatRange> formats,
                  int lineHeight, QPointF at, qreal width, Qt::Alignment align, int offset);
    void paintMarker(QPainter& painter, const Look& look, QPointF at, bool forgotten) const;
    void paintTable(QPainter& painter, const Look& look, QPointF at) const;
    void paintInlineCode(QPainter& painter, const Look& look, QPointF at, const TextPart& part) const;
    const TextPart* partAt(int position) const;

    BoxSpec m_spec;
    std::vector<TextPart> m_parts;
    qreal m_height = 0, m_naturalWidth = 0, m_shift = 0;
    int m_length = 0;
    int m_gapLine = -1;
    std::vector<qreal> m_columnEdges, m_rowEdges; // Table
};

} // namespace ui::transcript
