#pragma once
#include "app/transcript_model.h"
#include "ui/transcript/height_index.h"
#include "ui/transcript/message_layout.h"

#include <QSize>
#include <unordered_map>

namespace ui::transcript {

/// The long page of messages and the window on it. Only what is seen is laid out; everything else has an
/// estimated height or the one it had when it was last seen. The window is held by an anchor (message,
/// position, pixels), so that nothing which happens elsewhere moves what the reader looks at; at the end it
/// sticks to the end.
///
/// Heights are taken over by settle() and scrollTo() only, and both leave measured what is painted (from the
/// window's upper edge less `overhang` to its lower edge and as much more) and the last windowful of the page.
/// So what is seen stands where it is said to stand, an estimate never decides where the end is, and laying
/// out a message to ask it something moves nothing. Main thread; no widgets.
class Page {
public:
    static constexpr int overhang = 24; // frames and buttons reach this far beyond their message

    explicit Page(const Theme& theme) : m_look(theme) {}

    void setModel(const app::TranscriptModel* model);
    void setTheme(const Theme& theme);
    /// `width`: of the whole view, whether its scroll bar is there or not, so that the column stays in place.
    void setViewport(QSize size, int width);
    void setAnswering(bool answering);
    void setCanContinue(bool canContinue);

    // The model did this. settle() afterwards.
    void reset();
    void prepend(int count);
    void append();
    /// Returns the viewport y from which the page looks different, -1 when nothing that is seen did.
    int rowChanged(int row);
    void truncate(int count);
    void horizonMoved();

    /// Lays out what is seen and puts the window where its anchor says.
    void settle();
    void scrollTo(int value); // the reader scrolls
    void scrollToEnd();
    void scrollToRow(int row);
    void scrollToPosition(int row, int position); // only as far as needed

    int count() const { return m_heights.count(); }
    int top() const { return m_top; }
    int maximum() const;
    int horizonRow() const { return m_horizonRow; } // as of the last horizonMoved()
    bool sticks() const { return m_sticks; }
    int columnWidth() const;
    int columnLeft() const;
    bool isHidden(int row) const; // system messages are not shown
    const Look& look() const { return m_look; }

    MessageLayout& layout(int row);      // moves nothing, see above
    QPoint origin(int row) const;        // of a message, in the viewport
    QRect rowRect(int row) const;        // in the viewport
    int rowAt(int viewportY) const;      // clamped; -1 when there is none
    std::pair<int, int> visible() const; // first and last row; {0, -1} when empty
    int laidOut() const { return static_cast<int>(m_layouts.size()); }

private:
    struct Cached {
        std::unique_ptr<MessageLayout> layout;
        std::uint64_t used = 0;
        bool stale = false;
    };
    struct Anchor {
        int row = 0, position = 0;
        qreal pixels = 0; // from the top of the line that holds the position to the top of the window
    };

    int estimate(int row) const;
    bool measure(int row); // what of it is seen; true when its height changed
    bool measure(int row, qreal top, qreal bottom);
    bool measureFrom(int row, int bottom); // down to a place on the page
    bool measureEnd();                     // the last windowful
    void measureAbove(int from);
    void measureBelow(int to);
    int layoutHeight(int row);
    void estimateAll();
    void capture();
    qint64 anchorTop();
    void forgetOldLayouts();
    RowState stateOf(int row) const;
    void staleRows(const std::vector<int>& rows);
    int lastAnswer() const;
    int contentTop(int row) const;
    int contentHeight() const;

    const app::TranscriptModel* m_model = nullptr;
    Look m_look;
    QSize m_viewport{600, 400};
    int m_width = 600;
    HeightIndex m_heights; // message and the gap below it
    std::unordered_map<int, Cached> m_layouts;
    std::uint64_t m_clock = 0;
    Anchor m_anchor;
    bool m_sticks = true, m_answering = false, m_canContinue = false;
    int m_top = 0;
    int m_horizonRow = -1;
};

} // namespace ui::transcript
