#include "ui/page/composer_foot.h"

#include "ui/theme.h"

#include <algorithm>
#include <QEvent>
#include <QLabel>
#include <QStyleOptionButton>
#include <QStylePainter>

namespace ui {

namespace {

constexpr int gap = 2 * metrics::grid;
constexpr int fewestCharacters = 7; // "4 sinks" of "4 sinks + 1,020"

} // namespace

Chip::Chip(const QString& name, const QString& help, QWidget* parent) : QPushButton(parent), m_help(help) {
    setProperty("kind", QStringLiteral("chip"));
    setFont(Theme::current().label);
    setCursor(Qt::PointingHandCursor);
    setAccessibleName(name);
    setToolTip(help);
}

bool Chip::isCut() const {
    return width() < sizeHint().width();
}

QSize Chip::minimumSizeHint() const {
    const QSize whole = sizeHint();
    const QFontMetrics font(this->font());
    const int surplus = font.horizontalAdvance(text()) -
                        font.horizontalAdvance(text().left(fewestCharacters) + QChar(0x2026));
    return {whole.width() - std::max(0, surplus), whole.height()};
}

void Chip::refreshToolTip() {
    setToolTip(isCut() ? text() + QLatin1Char('\n') + m_help : m_help);
}

void Chip::paintEvent(QPaintEvent*) {
    QStylePainter painter(this);
    QStyleOptionButton option;
    initStyleOption(&option);
    if (isCut())
        option.text = fontMetrics().elidedText(
            text(), Qt::ElideRight,
            style()->subElementRect(QStyle::SE_PushButtonContents, &option, this).width());
    painter.drawControl(QStyle::CE_PushButton, option);
}

ComposerFoot::ComposerFoot(QWidget* parent)
    : QWidget(parent), m_hint(new QLabel(this)), m_send(new QPushButton(this)) {
    const Theme& theme = Theme::current();
    m_hint->setFont(theme.label);
    m_hint->setProperty("kind", QStringLiteral("hint"));
    m_send->setProperty("kind", QStringLiteral("primary"));
    m_send->setFont(Theme::weighted(theme.list, QFont::DemiBold));
    m_send->setMinimumSize(theme.px(57), theme.px(30));
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

Chip* ComposerFoot::addChip(const QString& name, const QString& help) {
    auto* chip = new Chip(name, help, this);
    m_chips.append(chip);
    return chip;
}

void ComposerFoot::setWords(Chip* chip, const QString& words) {
    if (words == chip->text())
        return;
    chip->setText(words);
    arrange();
}

void ComposerFoot::setHint(const QString& words) {
    m_hintWords = words;
    m_hint->setToolTip(words);
    arrange();
}

QSize ComposerFoot::sizeHint() const {
    QSize size = m_send->sizeHint().expandedTo(m_send->minimumSize());
    for (const Chip* chip : m_chips)
        size = QSize(size.width() + chip->sizeHint().width() + gap,
                     std::max(size.height(), chip->sizeHint().height()));
    return size;
}

QSize ComposerFoot::minimumSizeHint() const {
    return {m_send->sizeHint().expandedTo(m_send->minimumSize()).width(), sizeHint().height()};
}

void ComposerFoot::arrange() {
    const QSize send = m_send->sizeHint().expandedTo(m_send->minimumSize());
    int room = std::max(0, width() - send.width() - gap);
    const QFontMetrics font(m_hint->font());
    const int hint = m_hintWords.isEmpty() ? 0 : std::min(room, font.horizontalAdvance(m_hintWords) + 1);
    m_hint->setText(font.elidedText(m_hintWords, Qt::ElideRight, hint));
    m_hint->setVisible(hint > 0);
    room -= hint > 0 ? hint + gap : 0;
    int x = 0;
    for (Chip* chip : std::as_const(m_chips)) {
        const int chipWidth = std::min(chip->sizeHint().width(), room - x);
        const bool fits = !chip->text().isEmpty() && chipWidth >= chip->minimumSizeHint().width();
        chip->setVisible(fits);
        if (!fits)
            continue;
        x = placeAtStart(chip, x, chipWidth);
        chip->refreshToolTip();
    }
    placeAtStart(m_hint, x, hint);
    placeAtStart(m_send, width() - send.width(), send.width());
}

/// In the middle of the line's height, from the left, or from the right in a window that runs that way. Returns where the next one begins.
int ComposerFoot::placeAtStart(QWidget* widget, int x, int width) {
    const int height =
        std::min(this->height(), widget->sizeHint().expandedTo(widget->minimumSize()).height());
    widget->setGeometry(QStyle::visualRect(layoutDirection(), rect(),
                                           QRect(x, (this->height() - height) / 2, width, height)));
    return x + width + gap;
}

bool ComposerFoot::event(QEvent* event) {
    switch (event->type()) {
    case QEvent::LayoutRequest: // a part has another size: its font, the style
    case QEvent::LayoutDirectionChange:
        updateGeometry();
        arrange();
        break;
    default:
        break;
    }
    return QWidget::event(event);
}

void ComposerFoot::resizeEvent(QResizeEvent*) {
    arrange();
}

} // namespace ui
