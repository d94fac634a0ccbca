#include "ui/page/pasted_chips.h"

#include "ui/page/growing_text_edit.h"
#include "ui/theme.h"

#include <algorithm>
#include <QPainter>
#include <QTextBlock>
#include <QTextLayout>

namespace ui {

namespace {
constexpr int inset = 6, crossWidth = 18, longestAtDefaultSize = 420;

/// A line without a letter has nothing below its base line, and the next one begins there.
bool isAmongLetters(const QTextDocument& document, int place) {
    const QTextBlock block = document.findBlock(place);
    const QTextLine line = block.layout()->lineForTextPosition(place - block.position());
    const QString text = block.text().mid(line.textStart(), line.textLength());
    return std::any_of(text.begin(), text.end(),
                       [](QChar letter) { return letter != QChar::ObjectReplacementCharacter; });
}
} // namespace

PastedChips::PastedChips(GrowingTextEdit* edit) : QObject(edit), m_edit(edit) {}

QRectF PastedChips::cross(const QRectF& chip, Qt::LayoutDirection direction) {
    QRectF place(chip);
    if (direction == Qt::RightToLeft)
        place.setRight(place.left() + crossWidth);
    else
        place.setLeft(place.right() - crossWidth);
    return place;
}

QSizeF PastedChips::intrinsicSize(QTextDocument*, int, const QTextFormat& format) {
    const Theme& theme = Theme::current();
    const QString label = m_edit->m_texts.value(format.intProperty(idProperty)).label;
    const qreal natural = QFontMetricsF(theme.label).horizontalAdvance(label) + inset + crossWidth + 2;
    const qreal most = std::min<qreal>(theme.px(longestAtDefaultSize), m_edit->viewport()->width() - 2);
    // Qt lets it stand on the base line: as high as letters, so that no line becomes higher than others.
    return QSizeF(std::max<qreal>(crossWidth * 2, std::min(natural, most)),
                  QFontMetricsF(m_edit->font()).ascent());
}

void PastedChips::drawObject(QPainter* painter, const QRectF& rect, QTextDocument* document, int place,
                             const QTextFormat& format) {
    const Theme& theme = Theme::current();
    const qreal below = isAmongLetters(*document, place) ? QFontMetricsF(m_edit->font()).descent() : 0;
    const QRectF chip = rect.adjusted(1.5, 0.5, -1.5, below - 0.5);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const bool chosen = m_edit->chosenAttachment() == place && m_edit->hasFocus();
    painter->setPen(QPen(chosen ? theme.accent : theme.line, chosen ? 2 : 1));
    painter->setBrush(theme.raised2);
    painter->drawRoundedRect(chip, metrics::radiusCell, metrics::radiusCell);
    painter->setFont(theme.label);
    painter->setPen(theme.text);
    const Qt::LayoutDirection direction = m_edit->layoutDirection();
    const QRectF end = cross(chip, direction);
    const QRectF words = direction == Qt::RightToLeft ? chip.adjusted(crossWidth, 0, -inset, 0)
                                                      : chip.adjusted(inset, 0, -crossWidth, 0);
    const QString label = m_edit->m_texts.value(format.intProperty(idProperty)).label;
    painter->drawText(words, Qt::AlignVCenter | Qt::AlignLeading | Qt::TextSingleLine,
                      QFontMetricsF(theme.label).elidedText(label, Qt::ElideRight, words.width()));
    painter->setPen(QPen(theme.text2, 1.3));
    const QPointF middle = end.center();
    painter->drawLine(middle + QPointF(-3, -3), middle + QPointF(3, 3));
    painter->drawLine(middle + QPointF(-3, 3), middle + QPointF(3, -3));
    painter->restore();
}

} // namespace ui
