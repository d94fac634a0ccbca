#pragma once
#include "ui/page/pasted_text.h"

#include <QHash>
#include <QPlainTextEdit>

namespace ui {

class PastedChips;
class PastedViewer;

/// A text field that is as high as its text, from one line to eight; then it scrolls. Enter submits,
/// Shift+Enter breaks the line. A text that would make typing slow stands in it as one character, painted as a
/// chip: a click opens it, its cross, Backspace and Del remove it, undo brings it back, and it is copied, moved
/// and sent in its place. Main thread only.
class GrowingTextEdit : public QPlainTextEdit {
    Q_OBJECT
public:
    static constexpr int maximumLines = 8;
    explicit GrowingTextEdit(QWidget* parent = nullptr);
    QSize sizeHint() const override;

    /// With the attached texts in their places. toPlainText() would give a placeholder for each.
    QString text() const;
    QList<pasted::Part> parts() const;
    /// Another text; undo does not go back behind it.
    void setParts(const QList<pasted::Part>& parts);
    bool isBlank() const; // nothing but white space
    /// As if it had been pasted at the cursor.
    void paste(const QString& text);

    // Attached texts, by their places in the document.
    int attachmentAt(QPoint viewportPoint) const; // -1: none
    QString attachedText(int place) const;        // empty: there is none
    QRect attachmentRect(int place) const;        // in the viewport
    void openAttachment(int place);
    void removeAttachment(int place);
    void putIntoText(int place);  // instead of the chip
    PastedViewer* viewer() const; // null: closed
    /// The chip that Enter opens: the cursor has just been moved over it. -1: none.
    int chosenAttachment() const { return m_chosen; }

Q_SIGNALS:
    void submitted();
    void escaped();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    QMimeData* createMimeDataFromSelection() const override;
    bool canInsertFromMimeData(const QMimeData* source) const override;
    void insertFromMimeData(const QMimeData* source) override;

private:
    friend class PastedChips;
    struct Attached {
        QString text;
        QString label; // made once: it is asked for with every key
    };
    void fitHeight();
    void choose(int place);
    void insert(const QList<pasted::Part>& parts);
    void attach(QTextCursor& cursor, const QString& text);
    QList<pasted::Part> partsBetween(int begin, int end) const;
    const Attached* attached(int place) const;

    QHash<int, Attached> m_texts; // of all that undo can bring back
    int m_lastId = 0;
    int m_chosen = -1, m_pressed = -1;
};

} // namespace ui
