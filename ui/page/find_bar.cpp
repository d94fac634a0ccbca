#include "ui/page/find_bar.h"

#include "ui/parts/icons.h"
#include "ui/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QToolButton>

namespace ui {

namespace {

QToolButton* makeButton(const QString& picture, const QString& name, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setProperty("kind", QStringLiteral("icon"));
    button->setIcon(icon(picture));
    button->setFocusPolicy(Qt::StrongFocus);
    button->setToolTip(name);
    button->setAccessibleName(name);
    return button;
}

} // namespace

FindBar::FindBar(QWidget* parent)
    : QWidget(parent), m_field(new QLineEdit(this)), m_result(new QLabel(this)) {
    m_field->setFont(Theme::current().list);
    m_field->setPlaceholderText(tr("Find in this chat"));
    m_field->setAccessibleName(tr("Find in this chat"));
    m_field->installEventFilter(this);
    m_result->setFont(Theme::current().label);
    m_result->setProperty("kind", QStringLiteral("hint"));
    QToolButton* back = makeButton(QStringLiteral("chevron-up"), tr("Previous place (Shift+Enter)"), this);
    QToolButton* on = makeButton(QStringLiteral("chevron-down"), tr("Next place (Enter)"), this);
    QToolButton* end = makeButton(QStringLiteral("close"), tr("Close (Esc)"), this);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::transcriptMargin - 8, 6, 12, 7);
    layout->setSpacing(4);
    layout->addWidget(m_field, 1);
    layout->addWidget(m_result);
    layout->addWidget(back);
    layout->addWidget(on);
    layout->addWidget(end);
    connect(m_field, &QLineEdit::textChanged, this, &FindBar::textChanged);
    connect(back, &QToolButton::clicked, this, [this] { Q_EMIT nextRequested(true); });
    connect(on, &QToolButton::clicked, this, [this] { Q_EMIT nextRequested(false); });
    connect(end, &QToolButton::clicked, this, &FindBar::close);
    hide();
}

void FindBar::open() {
    show();
    m_field->setFocus(Qt::ShortcutFocusReason);
    m_field->selectAll();
    Q_EMIT textChanged(m_field->text());
}

void FindBar::close() {
    hide();
    m_result->clear();
    Q_EMIT closed();
}

void FindBar::setFound(bool found) {
    m_result->setText(found || m_field->text().isEmpty() ? QString() : tr("Not in this chat"));
}

bool FindBar::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_field || event->type() != QEvent::KeyPress)
        return QWidget::eventFilter(watched, event);
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->key() == Qt::Key_Escape) {
        close();
        return true;
    }
    if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
        Q_EMIT nextRequested(key->modifiers().testFlag(Qt::ShiftModifier));
        return true;
    }
    return false;
}

void FindBar::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(0, height() - 1, width(), 1, Theme::current().line);
}

} // namespace ui
