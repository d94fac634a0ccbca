#include "ui/page/cache_meter.h"

#include "app/chat_controller.h"
#include "ui/parts/tabular.h"
#include "ui/parts/words.h"
#include "ui/theme.h"

#include <QPainter>
#include <QPainterPath>

namespace ui {

namespace {
constexpr int barWidth = 96, smallestBar = 24, barHeight = 6, gap = 8, margin = 4;
constexpr qreal smallestSinkPiece = 5; // pixels: four of a thousand would not be seen
} // namespace

CacheMeter::CacheMeter(QWidget* parent) : QAbstractButton(parent) {
    setFont(Theme::current().label);
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    setAccessibleName(tr("What the model sees"));
    setVisible(false);
}

void CacheMeter::setStatus(const engine::CacheStatus& status) {
    m_visible = status.visible;
    m_capacity = status.capacity;
    m_sinks = std::min(status.sinks, status.visible);
    m_words = words::cacheFill(status);
    const QString sentence = words::cacheSentence(status);
    setToolTip(sentence);
    setAccessibleDescription(sentence);
    setVisible(m_capacity > 0);
    updateGeometry();
    update();
}

int CacheMeter::wordsWidth() const {
    // As wide as a full cache needs, so that the header stands still while it fills.
    const QString full = m_words.isEmpty()
                             ? QString()
                             : words::number(m_capacity) + m_words.mid(words::number(m_visible).size());
    return qCeil(tabularWidth(font(), full));
}

QSize CacheMeter::sizeHint() const {
    return QSize(margin + barWidth + gap + wordsWidth() + margin, fontMetrics().height() + 2 * margin);
}

QSize CacheMeter::minimumSizeHint() const {
    return QSize(margin + wordsWidth() + margin, sizeHint().height());
}

/// What the words leave; where that is too little, there is no bar.
QRectF CacheMeter::barRect() const {
    const int room = std::min(barWidth, width() - 2 * margin - gap - wordsWidth());
    return QRectF(margin, (height() - barHeight) / 2, room < smallestBar ? 0 : room, barHeight);
}

void CacheMeter::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF bar = barRect();
    QPainterPath track;
    track.addRoundedRect(bar, barHeight / 2, barHeight / 2);
    painter.fillPath(track, theme.raised2);
    if (m_capacity > 0 && !bar.isEmpty()) {
        const qreal filled = bar.width() * std::min(1.0, static_cast<double>(m_visible) / m_capacity);
        const qreal sinks = m_sinks > 0 ? std::max(smallestSinkPiece, bar.width() * m_sinks / m_capacity) : 0;
        painter.setClipPath(track);
        painter.fillRect(QRectF(bar.left(), bar.top(), std::max(filled, sinks), bar.height()), theme.window);
        painter.fillRect(QRectF(bar.left(), bar.top(), sinks, bar.height()), theme.sink);
        painter.setClipping(false);
    }
    painter.setPen(underMouse() ? theme.text : theme.text2);
    const QFontMetricsF metrics(font());
    // To the right, so that bar and button beside it stand still while the number grows.
    const qreal left = width() - margin - tabularWidth(font(), m_words);
    drawTabular(painter, QPointF(left, (height() + metrics.ascent() - metrics.descent()) / 2), m_words);
    if (hasFocus()) {
        painter.setPen(QPen(theme.accent, 2));
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), metrics::radiusCell,
                                metrics::radiusCell);
    }
}

} // namespace ui
