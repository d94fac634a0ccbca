// The attached texts of the field: what stands in their place, and how they are opened, moved and removed.
#include "ui/page/growing_text_edit.h"
#include "ui/page/pasted_chips.h"
#include "ui/page/pasted_viewer.h"

#include <QContextMenuEvent>
#include <QMenu>
#include <QMimeData>
#include <QTextBlock>
#include <QToolTip>

namespace ui {

using pasted::Part;

namespace {

const QString partsFormat = QStringLiteral("application/x-sumidero-draft");

void append(QList<Part>& parts, QString text) {
    if (text.isEmpty())
        return;
    text.replace(QChar(QChar::LineSeparator), u'\n');
    if (!parts.isEmpty() && !parts.last().attached)
        parts.last().text += text;
    else
        parts.append({text, false});
}

} // namespace

const GrowingTextEdit::Attached* GrowingTextEdit::attached(int place) const {
    if (place < 0 || document()->characterAt(place) != QChar::ObjectReplacementCharacter)
        return nullptr;
    QTextCursor cursor(document());
    cursor.setPosition(place + 1); // the format of a cursor is that of the character before it
    const QTextCharFormat format = cursor.charFormat();
    if (format.objectType() != PastedChips::objectType)
        return nullptr; // a placeholder that came with somebody's text
    const auto found = m_texts.constFind(format.intProperty(PastedChips::idProperty));
    return found == m_texts.constEnd() ? nullptr : &*found;
}

QString GrowingTextEdit::attachedText(int place) const {
    const Attached* chip = attached(place);
    return chip ? chip->text : QString();
}

QList<Part> GrowingTextEdit::partsBetween(int begin, int end) const {
    QList<Part> parts;
    for (QTextBlock block = document()->findBlock(begin); block.isValid() && block.position() <= end;
         block = block.next()) {
        const int from = std::max(begin, block.position()) - block.position();
        const int to = std::min(end - block.position(), block.length() - 1);
        const QString text = block.text();
        int done = from;
        for (int at = from; at < to; ++at) {
            const Attached* whole = attached(block.position() + at);
            if (!whole)
                continue;
            append(parts, text.mid(done, at - done));
            parts.append({whole->text, true});
            done = at + 1;
        }
        append(parts, text.mid(done, to - done));
        if (block.next().isValid() && block.next().position() <= end)
            append(parts, QStringLiteral("\n"));
    }
    return parts;
}

QList<Part> GrowingTextEdit::parts() const {
    return partsBetween(0, document()->characterCount() - 1);
}

QString GrowingTextEdit::text() const {
    return pasted::joined(parts());
}

bool GrowingTextEdit::isBlank() const {
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next())
        for (const QChar character : block.text())
            if (!character.isSpace())
                return false; // nobody attaches blanks alone
    return true;
}

void GrowingTextEdit::attach(QTextCursor& cursor, const QString& text) {
    m_texts.insert(++m_lastId, {text, pasted::label(text)});
    QTextCharFormat format;
    format.setObjectType(PastedChips::objectType);
    format.setProperty(PastedChips::idProperty, m_lastId);
    cursor.insertText(QString(QChar::ObjectReplacementCharacter), format);
    cursor.setCharFormat({});
}

void GrowingTextEdit::insert(const QList<Part>& parts) {
    QTextCursor cursor = textCursor();
    cursor.beginEditBlock();
    cursor.removeSelectedText();
    for (const Part& part : parts) {
        if (part.attached)
            attach(cursor, part.text);
        else
            cursor.insertText(part.text, QTextCharFormat());
    }
    cursor.endEditBlock();
    setTextCursor(cursor);
}

void GrowingTextEdit::setParts(const QList<Part>& parts) {
    clear();
    m_texts.clear();
    m_chosen = -1;
    document()->setUndoRedoEnabled(false);
    insert(parts);
    document()->setUndoRedoEnabled(true);
    document()->setModified(false);
}

void GrowingTextEdit::paste(const QString& text) {
    QString lines = text;
    lines.replace(QStringLiteral("\r\n"), QStringLiteral("\n")).replace(u'\r', u'\n');
    const QTextBlock here = textCursor().block();
    // It joins the paragraph it is put into: both together have to be quick to type in.
    const bool attaches =
        lines.size() > 40 &&
        (lines.size() > pasted::mostInPaste ||
         document()->characterCount() + lines.size() > pasted::mostInField ||
         pasted::isSlowToType(here.text() + lines) || pasted::isSlowToType(lines + here.text()));
    insert({{lines, attaches}});
    ensureCursorVisible();
}

QMimeData* GrowingTextEdit::createMimeDataFromSelection() const {
    const QTextCursor cursor = textCursor();
    const QList<Part> parts = partsBetween(cursor.selectionStart(), cursor.selectionEnd());
    auto* mime = new QMimeData;
    mime->setText(pasted::joined(parts));
    mime->setData(partsFormat, pasted::toDraft(parts).toUtf8());
    return mime;
}

bool GrowingTextEdit::canInsertFromMimeData(const QMimeData* source) const {
    return source->hasText();
}

void GrowingTextEdit::insertFromMimeData(const QMimeData* source) {
    const QList<Part> parts = pasted::fromDraft(QString::fromUtf8(source->data(partsFormat)));
    const bool mixed =
        std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.attached; });
    if (mixed)
        insert(parts);
    else if (source->hasText())
        paste(source->text());
    ensureCursorVisible();
}

QRect GrowingTextEdit::attachmentRect(int place) const {
    if (!attached(place))
        return {};
    const QTextBlock block = document()->findBlock(place);
    const int at = place - block.position();
    const QTextLine line = block.layout()->lineForTextPosition(at);
    if (!line.isValid())
        return {};
    const qreal one = line.cursorToX(at), other = line.cursorToX(at + 1);
    const QPointF origin = blockBoundingGeometry(block).translated(contentOffset()).topLeft();
    return QRectF(origin.x() + std::min(one, other), origin.y() + line.y(), std::abs(other - one),
                  line.height())
        .toAlignedRect();
}

int GrowingTextEdit::attachmentAt(QPoint point) const {
    if (m_texts.isEmpty())
        return -1;
    const int near = cursorForPosition(point).position();
    for (const int place : {near, near - 1})
        if (attachmentRect(place).contains(point))
            return place;
    return -1;
}

void GrowingTextEdit::choose(int place) {
    if (place == m_chosen)
        return;
    m_chosen = place;
    const Attached* chip = attached(place);
    setAccessibleDescription(chip ? tr("%1. Enter opens it.").arg(chip->label) : QString());
    viewport()->update();
}

PastedViewer* GrowingTextEdit::viewer() const {
    return findChild<PastedViewer*>();
}

void GrowingTextEdit::openAttachment(int place) {
    const Attached* chip = attached(place);
    if (!chip || viewer())
        return;
    auto* dialog = new PastedViewer(chip->text, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QTextCursor cursor(document());
    cursor.setPosition(place); // moves with the text, should that change behind the dialog
    connect(dialog, &PastedViewer::putIntoTextRequested, this,
            [this, cursor] { putIntoText(cursor.position()); });
    connect(dialog, &PastedViewer::removeRequested, this,
            [this, cursor] { removeAttachment(cursor.position()); });
    dialog->open();
}

void GrowingTextEdit::removeAttachment(int place) {
    if (!attached(place))
        return;
    QTextCursor cursor(document());
    cursor.setPosition(place);
    cursor.deleteChar();
    choose(-1);
}

void GrowingTextEdit::putIntoText(int place) {
    const Attached* chip = attached(place);
    if (!chip)
        return;
    QTextCursor cursor(document());
    cursor.setPosition(place);
    cursor.setPosition(place + 1, QTextCursor::KeepAnchor);
    cursor.insertText(QString(chip->text), QTextCharFormat()); // one step of undo
    choose(-1);
    setTextCursor(cursor);
    setFocus();
}

void GrowingTextEdit::mousePressEvent(QMouseEvent* event) {
    choose(-1);
    m_pressed = event->button() == Qt::LeftButton ? attachmentAt(event->position().toPoint()) : -1;
    QPlainTextEdit::mousePressEvent(event);
}

void GrowingTextEdit::mouseReleaseEvent(QMouseEvent* event) {
    QPlainTextEdit::mouseReleaseEvent(event);
    const int place = attachmentAt(event->position().toPoint());
    if (m_pressed < 0 || place != m_pressed || textCursor().hasSelection())
        return;
    m_pressed = -1;
    if (PastedChips::cross(attachmentRect(place), layoutDirection()).contains(event->position()))
        removeAttachment(place);
    else
        openAttachment(place);
}

void GrowingTextEdit::mouseMoveEvent(QMouseEvent* event) {
    QPlainTextEdit::mouseMoveEvent(event);
    const bool over = event->buttons() == Qt::NoButton && attachmentAt(event->position().toPoint()) >= 0;
    viewport()->setCursor(over ? Qt::PointingHandCursor : Qt::IBeamCursor);
}

bool GrowingTextEdit::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int place = attachmentAt(help->pos());
        const bool onCross =
            place >= 0 && PastedChips::cross(attachmentRect(place), layoutDirection()).contains(help->pos());
        const QString tip =
            place < 0 ? QString()
            : onCross ? tr("Remove the pasted text")
                      : tr("Open the pasted text: %1").arg(pasted::firstWords(attachedText(place), 200));
        QToolTip::showText(help->globalPos(), tip.toHtmlEscaped(), viewport());
        return true;
    }
    return QPlainTextEdit::viewportEvent(event);
}

void GrowingTextEdit::contextMenuEvent(QContextMenuEvent* event) {
    int place = event->reason() == QContextMenuEvent::Keyboard ? m_chosen : attachmentAt(event->pos());
    QMenu* menu = createStandardContextMenu();
    menu->setAttribute(Qt::WA_DeleteOnClose);
    if (attached(place)) {
        QAction* before = menu->actions().value(0);
        auto* open = new QAction(tr("Open the pasted text"), menu);
        auto* remove = new QAction(tr("Remove the pasted text"), menu);
        connect(open, &QAction::triggered, this, [this, place] { openAttachment(place); });
        connect(remove, &QAction::triggered, this, [this, place] { removeAttachment(place); });
        menu->insertActions(before, {open, remove});
        menu->insertSeparator(before);
    }
    menu->popup(event->globalPos());
}

} // namespace ui
