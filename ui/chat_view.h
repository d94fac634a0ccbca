#pragma once
#include "app/transcript_model.h"

#include <memory>
#include <QAbstractScrollArea>

namespace ui {

namespace transcript {
class AccessibleTranscript;
}

/// A place in the transcript: UTF-16 offset into the message's source text (Markdown).
struct TextPlace {
    app::MessageId message = 0;
    int offset = 0;
};

/// Text of the transcript lit from behind (V6): what a token attended to.
struct Highlight {
    TextPlace begin, end; // same message
    float strength = 0;   // 0..1
};

/// The transcript: one virtualised scroll area. Lays out what is visible, keeps a small number of laid-out
/// messages, re-parses only the open block of a growing answer, never fights the reader's scrolling (anchor =
/// message and offset; sticks to the end only when there). Main thread only.
class ChatView : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit ChatView(QWidget* parent = nullptr);
    ~ChatView() override;

    void setModel(app::TranscriptModel* model);
    void setHighlights(QList<Highlight> highlights);
    void scrollToEnd();
    void scrollToMessage(app::MessageId message);
    void scrollToHorizon();
    void selectAll();
    void clearSelection();
    bool hasSelection() const;
    QString selectedText() const;
    void copySelection() const;
    void setFindText(const QString& text); // marks matches; findNext() moves
    bool findNext(bool backward = false);
    void setAnswering(bool answering);     // hides Regenerate and Edit while an answer is written
    void setCanContinue(bool canContinue); // shows Continue under the last answer

Q_SIGNALS:
    void copyRequested(app::MessageId message);
    void regenerateRequested(app::MessageId answer);
    void editRequested(app::MessageId userMessage);
    void duplicateRequested(app::MessageId message); // the chat up to here
    void deleteRequested(app::MessageId message);    // and what follows
    void continueRequested();
    void versionRequested(app::MessageId message, int delta);
    void linkActivated(const QString& url); // http, https, mailto only
    /// The pointer rests on text (after 120 ms) or Enter pinned a place; message 0: on none.
    void textHovered(ui::TextPlace place);
    void textPinned(ui::TextPlace place);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    bool viewportEvent(QEvent* event) override; // pointer leaves, tooltips
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool focusNextPrevChild(bool next) override;

private:
    friend class transcript::AccessibleTranscript;
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace ui
