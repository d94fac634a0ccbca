#pragma once
#include "ui/chat_view.h"
#include "ui/transcript/end_button.h"
#include "ui/transcript/page.h"
#include "ui/transcript/selection.h"

#include <QBasicTimer>
#include <QElapsedTimer>
#include <QHash>
#include <QPointer>
#include <QTimer>

namespace ui {

/// What the view keeps. The parts are in view_*.cpp: painting, pointer, keyboard, text.
struct ChatView::Impl {
    explicit Impl(ChatView& view);

    ChatView& view;
    transcript::Page page;
    QPointer<app::TranscriptModel> model;
    transcript::EndButton* toEnd; // a child of the view
    bool syncing = false;         // the scroll bar is being told, it does not tell

    transcript::Selection selection;
    QHash<app::MessageId, QList<Highlight>> highlights;
    QString findText;
    transcript::Place findPlace; // the match that was moved to

    // Pointer
    bool dragging = false;
    transcript::Unit dragUnit = transcript::Unit::Character;
    QPoint pressedAt, pointer{-1, -1};
    QElapsedTimer sinceDouble;
    int hoverRow = -1;
    transcript::Target hot;
    bool hasHot = false;
    transcript::Target pressed;
    int pressedRow = -1; // the target's; -1: none
    QString pressedLink;
    struct { // the bar of a table that is being dragged
        int row = -1, box = -1, x = 0;
        qreal from = 0;
    } draggedBar;
    QTimer hoverTimer, dragTimer, copiedTimer;
    TextPlace hovered;
    int copiedRow = -1, copiedBox = -1;

    // Keyboard
    int focusRow = -1;
    int focusTarget = -1;    // of targetsOf(focusRow); -1: the message itself
    transcript::Place caret; // the word that Left and Right moved to
    int caretEnd = 0;

    // Text as read aloud, see view_text.cpp
    std::vector<int> textStarts; // of the rows that are known
    QString rowText(int row);
    QString rowName(int row) const;
    QString plain(int row);
    int textStart(int row);
    void textChangedFrom(int row);
    int rowOfText(int offset);

    void connectModel();
    void afterChange(); // settle, tell the scroll bar, repaint all
    void syncScrollBar();
    void grew(int row, bool whole);
    void horizonMoved();
    void updateRow(int row);

    // Painting
    void paintRow(QPainter& painter, int row, const QRect& area);
    QList<transcript::Mark> marksOf(int row);
    QList<std::pair<int, int>> matches(int row);
    int forgottenIn(int row);

    // Pointer
    transcript::Place placeAt(QPoint point);
    std::pair<transcript::Place, transcript::Place> unitAt(transcript::Place place, transcript::Unit unit);
    bool targetAt(QPoint point, int& row, transcript::Target& target);
    void updateHot(QPoint point, bool moved = true);
    void extendTo(QPoint point);
    void hoverRested();
    bool scrollSideways(QPoint point, qreal pixels);
    bool grabBar(QPoint point);
    void dragBar(QPoint point);
    void activate(int row, const transcript::Target& target);
    void showMenu(QPoint global, int row, const QString& link);
    void setSelection(const transcript::Selection& next);
    void offerPrimary();

    // Keyboard
    QList<transcript::Target> targetsOf(int row);
    void focusMessage(int row);
    bool runsRightToLeft();
    void moveCaret(bool forward);
    void pin();
    void extendSelection(int key);
};

} // namespace ui
