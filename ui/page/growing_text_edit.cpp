#include "ui/page/composer.h"
#include "ui/theme.h"

#include <QAbstractTextDocumentLayout>
#include <QKeyEvent>
#include <QMimeData>
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
    // While the size follows the text nothing may scroll: the documentSizeChanged of Qt's plain text layout
    // counts lines, not pixels.
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

void GrowingTextEdit::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && !(event->modifiers() & (Qt::ShiftModifier | Qt::AltModifier))) {
        Q_EMIT submitted();
        return;
    }
    if (enter) { // Qt would put a line separator in on Shift+Enter, which other programs do not understand
        insertPlainText(QStringLiteral("\n"));
        ensureCursorVisible();
        return;
    }
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT escaped();
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

void GrowingTextEdit::insertFromMimeData(const QMimeData* source) {
    if (source->hasText())
        insertPlainText(source->text());
}

} // namespace ui
