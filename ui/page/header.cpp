#include "ui/page/header.h"

#include "ui/page/cache_meter.h"
#include "ui/parts/direction.h"
#include "ui/parts/icons.h"
#include "ui/theme.h"

#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QPushButton>
#include <QStyleOptionFrame>
#include <QToolButton>

namespace ui {

TitleEdit::TitleEdit(QWidget* parent) : QLineEdit(parent) {
    setProperty("kind", QStringLiteral("title"));
    setFont(Theme::current().title);
    setAccessibleName(tr("Name of the chat"));
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    setMinimumWidth(60);
    connect(this, &QLineEdit::textEdited, this, &QWidget::updateGeometry);
}

void TitleEdit::setTitle(const QString& title, bool canBeRenamed) {
    m_title = title;
    if (!hasFocus() || text() == title)
        setText(title);
    setCursorPosition(0);
    setReadOnly(!canBeRenamed);
    setFocusPolicy(canBeRenamed ? Qt::TabFocus : Qt::NoFocus);
    setToolTip(canBeRenamed ? tr("Click to rename") : QString());
    updateGeometry();
    update();
}

QSize TitleEdit::sizeHint() const {
    return QSize(QFontMetrics(font()).horizontalAdvance(text()) + 24, QLineEdit::sizeHint().height());
}

void TitleEdit::paintEvent(QPaintEvent* event) {
    if (hasFocus()) {
        QLineEdit::paintEvent(event);
        return;
    }
    // A line edit would cut a long name off without a sign.
    QPainter painter(this);
    painter.setPen(Theme::current().text);
    painter.setLayoutDirection(directionOf(text()));
    const QRect place = rect().adjusted(8, 0, -8, 0);
    painter.drawText(place, Qt::AlignVCenter | Qt::AlignLeft,
                     fontMetrics().elidedText(text(), Qt::ElideRight, place.width()));
}

// The other buttons of the mouse do not begin to write: the right one opens the chat's menu.
void TitleEdit::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && focusPolicy() != Qt::NoFocus && !hasFocus()) {
        setFocus(Qt::MouseFocusReason);
        event->accept();
        return;
    }
    if (hasFocus())
        QLineEdit::mousePressEvent(event);
}

void TitleEdit::contextMenuEvent(QContextMenuEvent* event) {
    if (hasFocus())
        QLineEdit::contextMenuEvent(event);
    else
        Q_EMIT menuRequested(event->globalPos());
}

void TitleEdit::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) {
        setText(m_title);
        clearFocus();
        return;
    }
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        clearFocus();
        return;
    }
    QLineEdit::keyPressEvent(event);
}

void TitleEdit::focusInEvent(QFocusEvent* event) {
    QLineEdit::focusInEvent(event);
    if (event->reason() != Qt::PopupFocusReason)
        selectAll();
}

void TitleEdit::focusOutEvent(QFocusEvent* event) {
    QLineEdit::focusOutEvent(event);
    if (event->reason() != Qt::PopupFocusReason)
        finish();
}

void TitleEdit::finish() {
    const QString wanted = text().simplified();
    setText(wanted.isEmpty() ? m_title : wanted);
    setCursorPosition(0);
    deselect();
    if (!isReadOnly() && !wanted.isEmpty() && wanted != m_title) {
        m_title = wanted;
        Q_EMIT renamed(wanted);
    }
    updateGeometry();
}

Header::Header(QWidget* parent) : QWidget(parent) {
    const Theme& theme = Theme::current();
    m_list = new QToolButton(this);
    m_list->setProperty("kind", QStringLiteral("icon"));
    m_list->setIcon(icon(QStringLiteral("chats")));
    m_title = new TitleEdit(this);
    m_meter = new CacheMeter(this);
    m_export = new QPushButton(tr("Export"), this);
    m_inspector = new QPushButton(tr("Inspector F9"), this);
    m_menu = new QToolButton(this);
    m_menu->setProperty("kind", QStringLiteral("icon"));
    m_menu->setIcon(icon(QStringLiteral("menu")));
    m_menu->setPopupMode(QToolButton::InstantPopup);
    m_menu->setAccessibleName(tr("Main menu"));
    m_menu->setToolTip(tr("Main menu (F10)"));
    m_menu->setFocusPolicy(Qt::StrongFocus);
    m_list->setFocusPolicy(Qt::StrongFocus);
    for (QPushButton* button : {m_export, m_inspector})
        button->setFont(theme.button);

    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 0);
    layout->setSpacing(12);
    layout->addWidget(m_list);
    layout->addWidget(m_title);
    layout->addStretch(1);
    layout->addWidget(m_meter);
    layout->addWidget(m_export);
    layout->addWidget(m_inspector);
    layout->addSpacing(-4);
    layout->addWidget(m_menu);
    setFixedHeight(theme.px(metrics::header));
}

void Header::setHasInspector(bool has) {
    m_hasInspector = has;
    fit();
}

void Header::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fit();
}

bool Header::event(QEvent* event) {
    const bool result = QWidget::event(event);
    if (event->type() == QEvent::LayoutRequest) // a number grew, or the list went away
        fit();
    return result;
}

void Header::fit() {
    const int spacing = layout()->spacing();
    const QMargins margins = layout()->contentsMargins();
    int room = width() - margins.left() - margins.right() - m_title->minimumWidth() - spacing;
    room -= m_menu->sizeHint().width() + spacing;
    if (!m_list->isHidden())
        room -= m_list->sizeHint().width() + spacing;
    if (!m_meter->isHidden())
        room -= m_meter->minimumSizeHint().width() + spacing;
    const auto takesPart = [&room, spacing](QPushButton* button, bool wanted) {
        const int needed = button->sizeHint().width() + spacing;
        const bool fits = wanted && needed <= room;
        room -= fits ? needed : 0;
        if (fits == button->isHidden())
            button->setVisible(fits);
    };
    takesPart(m_inspector, m_hasInspector);
    takesPart(m_export, true);
}

void Header::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::current().background);
    painter.fillRect(0, height() - 1, width(), 1, Theme::current().line);
}

} // namespace ui
