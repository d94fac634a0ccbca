#include "ui/parts/tabular.h"

#include "ui/theme.h"

#include <QAccessible>
#include <QPainter>

namespace ui {

namespace {

qreal digitWidth(const QFontMetricsF& metrics) {
    qreal widest = 0;
    for (char16_t digit = u'0'; digit <= u'9'; ++digit)
        widest = std::max(widest, metrics.horizontalAdvance(QChar(digit)));
    return widest;
}

/// Calls piece(text, isDigit) for each digit and each run of other characters.
template <class Piece>
void split(const QString& text, Piece piece) {
    qsizetype begin = 0;
    while (begin < text.size()) {
        qsizetype end = begin;
        while (end < text.size() && !text.at(end).isDigit())
            ++end;
        if (end > begin)
            piece(text.mid(begin, end - begin), false);
        if (end < text.size())
            piece(text.mid(end++, 1), true);
        begin = end;
    }
}

/// `text` shortened to `width`; words are cut, numbers are not understood here.
QString elided(const QFont& font, const QString& text, qreal width) {
    if (tabularWidth(font, text) <= width)
        return text;
    QString cut = text;
    while (!cut.isEmpty() && tabularWidth(font, cut + QChar(0x2026)) > width)
        cut.chop(1);
    return cut.trimmed() + QChar(0x2026);
}

} // namespace

qreal tabularWidth(const QFont& font, const QString& text) {
    const QFontMetricsF metrics(font);
    const qreal digit = digitWidth(metrics);
    qreal width = 0;
    split(text, [&](const QString& piece, bool isDigit) {
        width += isDigit ? digit : metrics.horizontalAdvance(piece);
    });
    return width;
}

void drawTabular(QPainter& painter, QPointF baseline, const QString& text) {
    const QFontMetricsF metrics(painter.font());
    const qreal digit = digitWidth(metrics);
    split(text, [&](const QString& piece, bool isDigit) {
        const qreal advance = metrics.horizontalAdvance(piece);
        painter.drawText(baseline + QPointF(isDigit ? (digit - advance) / 2 : 0, 0), piece);
        baseline.rx() += isDigit ? digit : advance;
    });
}

TabularLabel::TabularLabel(Qt::Alignment alignment, QWidget* parent)
    : QWidget(parent), m_alignment(alignment) {
    setFont(Theme::current().label);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void TabularLabel::setText(const QString& text) {
    if (text == m_text)
        return;
    m_text = text;
    setToolTip(tabularWidth(font(), text) > width() ? text : QString());
    setAccessibleDescription(text);
    updateGeometry();
    update();
}

QSize TabularLabel::sizeHint() const {
    const QFontMetricsF metrics(font());
    return QSize(qCeil(tabularWidth(font(), m_text)) + 1, qCeil(metrics.height()));
}

QSize TabularLabel::minimumSizeHint() const {
    return QSize(0, sizeHint().height());
}

void TabularLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(Theme::current().text2);
    const QString shown = elided(font(), m_text, width());
    const QFontMetricsF metrics(font());
    const qreal free = width() - tabularWidth(font(), shown);
    const qreal left = m_alignment & Qt::AlignHCenter ? free / 2 : m_alignment & Qt::AlignRight ? free : 0;
    const qreal baseline = (height() + metrics.ascent() - metrics.descent()) / 2;
    drawTabular(painter, QPointF(qRound(left), baseline), shown);
}

} // namespace ui
