#include "ui/transcript/box.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <QPainter>
#include <QPainterPath>

// Tables: the widths of their columns, the heights of their rows, and the way they are scrolled sideways.
namespace ui::transcript {

namespace {

constexpr int widestCell = 300; // of a table that is scrolled, unless one of its words is wider
constexpr qreal barSpace = 12, barHeight = 5;

// Columns get what they need. When that is too much, the wide ones share what is left, but no word is broken:
// what does not fit even so is scrolled.
std::vector<qreal> fitColumns(const QList<int>& wanted, const QList<int>& least, qreal available,
                              qreal widest) {
    const auto count = static_cast<std::size_t>(wanted.size());
    const auto want = [&](std::size_t i) { return static_cast<qreal>(wanted[static_cast<qsizetype>(i)]); };
    const auto need = [&](std::size_t i) {
        return std::min(available, static_cast<qreal>(least[static_cast<qsizetype>(i)]));
    };
    std::vector<qreal> given(count, 0);
    qreal needed = 0;
    for (std::size_t i = 0; i < count; ++i)
        needed += need(i);
    if (needed > available) {
        for (std::size_t i = 0; i < count; ++i)
            given[i] = std::max(need(i), std::min(want(i), widest));
        return given;
    }
    std::vector<std::size_t> open(count);
    std::iota(open.begin(), open.end(), std::size_t{0});
    while (!open.empty()) {
        const qreal share = std::floor(available / static_cast<qreal>(open.size()));
        auto settled =
            std::stable_partition(open.begin(), open.end(), [&](std::size_t i) { return need(i) <= share; });
        const bool tight = settled != open.end();
        if (!tight)
            settled = std::stable_partition(open.begin(), open.end(),
                                            [&](std::size_t i) { return want(i) > share; });
        if (settled == open.end()) {
            for (std::size_t i : open)
                given[i] = share;
            break;
        }
        for (auto i = settled; i != open.end(); ++i) {
            given[*i] = tight ? need(*i) : want(*i);
            available -= given[*i];
        }
        open.erase(settled, open.end());
    }
    return given;
}

// Nothing in it can make a line taller than usual.
bool isOfUsualHeight(const QString& text) {
    return std::all_of(text.begin(), text.end(), [](QChar c) {
        const char16_t u = c.unicode();
        return u < 0x0300 || (u >= 0x0370 && u < 0x0530) || (u >= 0x2010 && u < 0x2028) || u == 0x20AC ||
               u == 0x2212;
    });
}

} // namespace

void Box::measureTable(const Look& look) {
    const qreal padding = 2.0 * look.cellX;
    const auto columns = m_spec.columns.size();
    m_rightToLeft = m_spec.direction == Qt::RightToLeft;
    m_columnEdges.assign(1, 0);
    for (qreal width : fitColumns(m_spec.wanted, m_spec.least, m_width, look.theme.px(widestCell)))
        m_columnEdges.push_back(m_columnEdges.back() + width);
    m_rowEdges.assign(1, 0);
    for (qsizetype first = 0; first < m_spec.cells.size(); first += columns) {
        qreal height = look.line;
        for (qsizetype c = 0; c < columns && first + c < m_spec.cells.size(); ++c) {
            const auto column = static_cast<std::size_t>(c);
            const bool fits =
                m_spec.advances[first + c] <= m_columnEdges[column + 1] - m_columnEdges[column] - padding;
            if (!fits || !isOfUsualHeight(m_spec.cells[first + c].text))
                height = std::max(
                    height,
                    cellPart(look, static_cast<int>(first / columns), static_cast<int>(c), 0).height());
        }
        m_rowEdges.push_back(m_rowEdges.back() + height + 2 * look.cellY);
    }
    m_height = m_rowEdges.back() + (m_spec.tableEnd && overflow() > 0 ? barSpace : 0);
    m_naturalWidth = std::min(m_width, m_columnEdges.back());
    m_sideways = m_rightToLeft ? overflow() : 0;
}

qreal Box::columnLeft(int column) const {
    const auto c = static_cast<std::size_t>(column);
    if (!m_rightToLeft)
        return m_columnEdges[c];
    return std::max(m_width, m_columnEdges.back()) - m_columnEdges[c + 1];
}

TextPart Box::cellPart(const Look& look, int row, int column, int offset) const {
    const RichText& cell = m_spec.cells[row * m_spec.columns.size() + column];
    const auto c = static_cast<std::size_t>(column);
    const Qt::AlignmentFlag align = m_spec.columns[column];
    PartStyle style;
    style.font = m_spec.firstRow + row == 0 ? look.strong : look.theme.body;
    style.lineHeight = look.line;
    style.width = std::max(8.0, m_columnEdges[c + 1] - m_columnEdges[c] - 2.0 * look.cellX);
    style.direction = directionOf(cell, m_spec.direction);
    style.align = align == Qt::AlignLeft && m_rightToLeft ? Qt::AlignRight : align;
    style.oneLine = m_spec.advances[row * m_spec.columns.size() + column] <= style.width;
    style.formats = runFormats(cell, style.font, look);
    const QPointF at(columnLeft(column) + look.cellX, m_rowEdges[static_cast<std::size_t>(row)] + look.cellY);
    return TextPart(cell, style, at, offset);
}

void Box::layOutTable(const Look& look) const {
    const auto columns = static_cast<int>(m_spec.columns.size());
    m_parts.reserve(static_cast<std::size_t>(m_spec.cells.size()));
    int offset = 0;
    for (int i = 0; i < static_cast<int>(m_spec.cells.size()); ++i) {
        m_parts.push_back(cellPart(look, i / columns, i % columns, offset));
        offset += m_parts.back().length() + 1;
    }
}

qreal Box::overflow() const {
    return m_columnEdges.empty() ? 0 : std::max<qreal>(0, m_columnEdges.back() - m_width);
}

void Box::setSideways(qreal pixels) {
    m_sideways = std::clamp<qreal>(std::round(pixels), 0, overflow());
}

QRectF Box::sidewaysBar() const {
    if (overflow() == 0 || !m_spec.tableEnd)
        return {};
    const qreal length = std::max<qreal>(32, m_width * m_width / m_columnEdges.back());
    return {m_sideways / overflow() * (m_width - length), m_height - barHeight - 1, length, barHeight};
}

// A frame round the whole; each piece paints the part that lies in it.
void Box::paintTable(QPainter& painter, const Look& look, QPointF at) const {
    if (m_rowEdges.size() < 2)
        return;
    const qreal beyond = 2.0 * metrics::radiusButton;
    const QRectF own(at.x() + columnLeft(m_rightToLeft ? static_cast<int>(m_spec.columns.size()) - 1 : 0),
                     at.y(), m_columnEdges.back(), m_rowEdges.back());
    const QRectF all =
        own.adjusted(0.5, m_spec.firstRow == 0 ? 0.5 : -beyond, -0.5, m_spec.tableEnd ? -0.5 : beyond);
    QPainterPath frame;
    frame.addRoundedRect(all, metrics::radiusButton, metrics::radiusButton);
    painter.save();
    painter.setClipRect(own, Qt::IntersectClip);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_spec.firstRow == 0) {
        painter.save();
        painter.setClipPath(frame, Qt::IntersectClip);
        painter.fillRect(QRectF(own.topLeft(), QSizeF(own.width(), m_rowEdges[1])), look.theme.code);
        painter.restore();
    }
    painter.setPen(look.theme.line);
    painter.drawPath(frame);
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (std::size_t row = m_spec.firstRow == 0 ? 1 : 0; row + 1 < m_rowEdges.size(); ++row) {
        const qreal y = at.y() + m_rowEdges[row] - (row > 0 ? 0.5 : -0.5);
        painter.drawLine(QPointF(all.left(), y), QPointF(all.right(), y));
    }
    painter.restore();
}

} // namespace ui::transcript
