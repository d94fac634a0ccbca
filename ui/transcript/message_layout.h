#pragma once
#include "app/chat_types.h"
#include "ui/transcript/box.h"
#include "ui/transcript/markdown_document.h"

#include <limits>

namespace ui::transcript {

/// What decides which actions a message has.
struct RowState {
    bool answering = false;   // an answer is being written somewhere
    bool canContinue = false; // this is the last answer and it can go on
    bool operator==(const RowState&) const = default;
};

/// Something to press in a message.
struct Target {
    enum class Kind : quint8 { Copy, Regenerate, Edit, Previous, Next, Continue, CopyCode, Link };
    Kind kind = Kind::Copy;
    QRectF rect;
    int box = -1;        // CopyCode: the frame's head
    QString url;         // Link
    bool always = false; // seen without the pointer on the message
    bool operator==(const Target& other) const {
        return kind == other.kind && box == other.box && url == other.url && rect == other.rect;
    }
};

/// A stretch of a message painted from behind.
struct Mark {
    int begin = 0, end = 0; // positions
    QColor colour;
    bool tall = false;    // the whole line, as a selection
    bool current = false; // outlined: the match that was moved to
};

/// What changes from one painting to the next.
struct Painting {
    QRectF clip;
    QList<Mark> marks;
    int forgotten = 0; // positions before this one are forgotten
    bool allForgotten = false;
    QString rule;                    // sentence of the horizon, when it is in this message
    bool active = false;             // the pointer or the keyboard is here: show the actions
    const Target* hot = nullptr;     // under the pointer
    const Target* focused = nullptr; // of the keyboard
    bool focusFrame = false;
    int copiedBox = -1; // frame whose code was just copied
};

/// One message laid out: bubble or answer, its boxes, its actions. Coordinates begin at the left edge of the
/// text column and the top of the message. Positions count the UTF-16 units of text(). Main thread.
class MessageLayout {
public:
    MessageLayout(const app::Message& message, const Look& look, int width, RowState state);

    /// The message changed or grew. Returns the y from which it looks different.
    qreal update(const app::Message& message, RowState state);

    int height() const { return m_height; }
    /// Lays out what of the message is seen between two lengths from its top, and says whether it is higher or lower
    /// now. Boxes of a long message that nobody looks at have an estimated height until then.
    bool measure(qreal top, qreal bottom);
    int length() const { return m_length; }
    const QString& text() const; // plain text, as copied and read aloud

    int hit(QPointF point) const;
    bool onText(QPointF point) const;
    QString linkAt(QPointF point) const;
    QList<QRectF> rects(int begin, int end,
                        const QRectF& clip = {}) const; // `clip`: whole boxes outside are left out
    QRectF caret(int position) const;
    /// The block that holds a position: what a triple click selects.
    std::pair<int, int> blockAt(int position) const;
    /// First position whose line ends below y: what anchors the view.
    int firstPositionBelow(qreal y) const;
    qreal lineTop(int position) const { return caret(position).top(); }
    bool isRightToLeft(int position) const; // the line that holds it

    // A table too wide for the column is scrolled sideways.
    bool scrollSideways(QPointF point, qreal pixels); // false: nothing there can be scrolled
    bool reveal(int position);                        // true when a table was scrolled for it
    int barAt(QPointF point) const;                   // of a table: its box; -1: none
    qreal sideways(int box) const;
    void dragBar(int box, qreal from, qreal pixels); // `from`: sideways() when the drag began

    int toSource(int position) const;
    int toPosition(int source) const;
    /// Positions of the graphemes touched by a stretch of source.
    std::pair<int, int> range(int sourceBegin, int sourceEnd) const;

    /// The horizon stands before `source`; -1: it is not in this message.
    void setHorizon(int source);
    QRectF ruleRect() const; // null when there is none

    const QList<Target>& targets() const { return m_targets; }
    QList<Target> links() const; // every link once, for the keyboard
    QString code(int headBox) const;
    bool isEmpty() const { return m_boxes.empty(); }
    QSize laidOut() const { return {m_width, static_cast<int>(m_boxes.size())}; }

    void paint(QPainter& painter, const Painting& painting) const;

private:
    struct Placed {
        std::unique_ptr<Box> box;
        QPointF at;
        int start = 0; // position of its text
        int piece = 0; // of the document
    };
    QList<BoxSpec> specsOf(const app::Message& message, int piece);
    void place();
    void placeRule(qreal& y, std::size_t index);
    void placeTargets();
    void setSideways(std::size_t box, qreal pixels); // all pieces of its table
    std::size_t boxAtPosition(int position) const;
    std::size_t boxAtY(qreal y) const;
    int boxWidth(const BoxSpec& spec) const;
    bool isUser() const { return m_message.role == app::Role::User; }
    int bubbleMax() const;
    QRectF bubble() const;
    QRectF caretBlock() const;
    QRectF frameOf(std::size_t head) const;
    void paintBubble(QPainter& painter, const Painting& painting) const;
    void paintName(QPainter& painter, const Painting& painting) const;
    void paintFrames(QPainter& painter, const Painting& painting) const;
    void paintMarks(QPainter& painter, const Painting& painting) const;
    void paintFooter(QPainter& painter) const;
    void paintRule(QPainter& painter, const QString& sentence) const;

    Look m_look;
    int m_width;
    app::Message m_message; // the text is left out
    RowState m_state;
    MarkdownDocument m_document;
    int m_textSize = 0;
    int m_thoughtEnd = 0;                              // of the thought that an answer begins with
    int m_restPiece = std::numeric_limits<int>::max(); // from here on plain text
    std::vector<Placed> m_boxes;
    int m_height = 0, m_length = 0;
    qreal m_bodyTop = 0, m_bodyBottom = 0, m_bubbleWidth = 0;
    int m_horizon = -1;
    qreal m_ruleY = -1;
    QList<Target> m_targets;
    mutable QString m_text;
    mutable bool m_textKnown = false;
};

} // namespace ui::transcript
