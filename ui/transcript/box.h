#pragma once
#include "ui/transcript/box_spec.h"
#include "ui/transcript/text_part.h"

class QPainter;

namespace ui::transcript {

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

/// One laid-out box of a message. Its height is known at once, and the lines of a table are laid out when somebody
/// looks at them. In a very long message the text and code of a box can wait, too (WhenSeen): until takeHeight() its
/// height is an estimate, whatever it is asked for, so that asking moves nothing.
class Box {
public:
    enum class When { Now, WhenSeen };
    Box(BoxSpec spec, const Look& look, int width, When when = When::Now);
    /// Lays it out; true when its height is another one now than the estimate.
    bool takeHeight();
    bool isEstimated() const { return m_estimated; }

    const BoxSpec& spec() const { return m_spec; }
    int length() const { return m_length; } // of its own plain text
    qreal height() const { return m_height + m_shift; }
    qreal width() const { return m_width; }
    qreal naturalWidth() const { return m_naturalWidth; }
    /// Begins at the right: indentation, marks and bars stand there.
    bool isRightToLeft() const { return m_rightToLeft; }
    /// The direction of the line that holds a position.
    bool isRightToLeft(int position) const;
    /// In a bubble narrower than what it was laid out for: what ends at the right edge moves there.
    void narrow(qreal width);

    /// Position (relative to the box's text) nearest to a point in the box.
    int hit(QPointF point) const;
    /// True when the point is on text, not beside it.
    bool onText(QPointF point) const;
    QString linkAt(QPointF point) const;
    QList<BoxLink> links() const;
    QList<LineRect> rects(int begin, int end) const; // what can be seen of it
    QRectF caret(int position) const;                // beyond the edges where the box is scrolled
    int toSource(int position) const;
    int toPosition(int source) const;
    int sourceBegin() const;
    int sourceEnd() const;
    int snapped(int position, bool up) const; // to graphemes

    /// Makes room of `space` pixels above the line that holds `position`; returns where. Text boxes only.
    qreal openGap(int position, qreal space);
    void closeGap();

    // A table wider than its box is scrolled sideways, all its pieces together.
    qreal overflow() const; // pixels that do not fit; 0: all does
    qreal sideways() const { return m_sideways; }
    void setSideways(qreal pixels);
    QRectF sidewaysBar() const; // below the last piece; null when there is none

    /// `forgotten`: text before this position has the forgotten colour.
    void paint(QPainter& painter, const Look& look, QPointF at, int forgotten, const QRectF& clip) const;

private:
    struct Piece {
        const RichText* text = nullptr;
        int offset = 0;
    };
    struct Extent {
        qreal height = 0, naturalWidth = 0;
    };
    Extent layOutText(const Look& look) const;
    Extent layOutCode(const Look& look) const;
    void estimate(const Look& look);
    void measureTable(const Look& look);
    void layOutTable(const Look& look) const;
    TextPart cellPart(const Look& look, int row, int column, int offset) const;
    const std::vector<TextPart>& parts() const;
    const TextPart* partAt(int position) const;
    /// The texts it is made of, laid out or not.
    std::vector<Piece> texts() const;
    Piece textAt(int position) const;
    qreal columnLeft(int column) const;
    void paintMarker(QPainter& painter, const Look& look, QPointF at, bool forgotten) const;
    void paintTable(QPainter& painter, const Look& look, QPointF at) const;
    void paintInlineCode(QPainter& painter, const Look& look, QPointF at, const TextPart& part) const;

    BoxSpec m_spec;
    mutable std::vector<TextPart> m_parts; // see parts()
    const Look* m_look;                    // of the message, for lines laid out later
    qreal m_width = 0, m_height = 0, m_naturalWidth = 0, m_shift = 0, m_sideways = 0;
    int m_length = 0;
    int m_gapPart = -1, m_gapLine = 0;
    bool m_rightToLeft = false;
    bool m_estimated = false;
    mutable Extent m_extent;                      // of text or code, once it is laid out
    std::vector<qreal> m_columnEdges, m_rowEdges; // Table, from its beginning
};

} // namespace ui::transcript
