#include "ui/page/growing_text_edit.h"

#include "ui/page/pasted_chips.h"
#include "ui/theme.h"

#include <QAbstractTextDocumentLayout>
#include <QKeyEvent>
#include <QScrollBar>

namespace ui {

GrowingTextEdit::GrowingTextEdit(QWidget* parent) : QPlainTextEdit(parent) {
    setProperty("kind", QStringLiteral("bare"));
    setFont(Theme::current().body);
    setTabChangesFocus(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setSizeAdjustPolicy(QAbstractScrollArea::AdjustIgnored);
    document()->setDocumentMargin(0);
    setCursorWidth(qMax(1, qRound(Theme::current().scale * 1.5)));
    viewport()->setMouseTracking(true);
    // While the size follows the text nothing may scroll: the documentSizeChanged of Qt's plain text layout
    // counts lines, not pixels.
    document()->documentLayout()->registerHandler(PastedChips::objectType, new PastedChips(this));
    connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this,
            [this] { fitHeight(); });
    fitHeight();
}

QSize GrowingTextEdit::sizeHint() const {
    const qreal line = QFontMetricsF(font()).lineSpacing();
    const int lines =
        qBound(1, static_cast<int>(document()->documentLayout()->documentSize().height()), maximumLines);
    return QSize(200, qCeil(line * lines) + 1);
}

void GrowingTextEdit::fitHeight() {
    const int lines = static_cast<int>(document()->documentLayout()->documentSize().height());
    setVerticalScrollBarPolicy(lines > maximumLines ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    const int wanted = sizeHint().height();
    if (wanted != height() || minimumHeight() != wanted) {
        setFixedHeight(wanted);
        updateGeometry();
    }
    if (lines <= maximumLines)
        verticalScrollBar()->setValue(0);
}

void GrowingTextEdit::resizeEvent(QResizeEvent* event) {
    QPlainTextEdit::resizeEvent(event);
    fitHeight();
}

void GrowingTextEdit::changeEvent(QEvent* event) {
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        fitHeight();
}

void GrowingTextEdit::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    const int chosen = m_chosen;
    choose(-1);
    if (enter && attached(chosen)) {
        openAttachment(chosen);
        return;
    }
    if (enter && !(event->modifiers() & (Qt::ShiftModifier | Qt::AltModifier))) {
        Q_EMIT submitted();
        return;
    }
    if (enter) { // Qt would put a line separator in on Shift+Enter, which other programs do not understand
        textCursor().insertText(QStringLiteral("\n"), QTextCharFormat());
        ensureCursorVisible();
        return;
    }
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT escaped();
        return;
    }
    const int before = textCursor().position();
    QPlainTextEdit::keyPressEvent(event);
    const int after = textCursor().position();
    const bool moved =
        event->matches(QKeySequence::MoveToNextChar) || event->matches(QKeySequence::MoveToPreviousChar);
    if (moved && std::abs(after - before) == 1 && attached(std::min(before, after)))
        choose(std::min(before, after));
}

} // namespace ui
