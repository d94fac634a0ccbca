#include "ui/transcript/box.h"

#include <algorithm>
#include <cmath>
#include <QPainter>
#include <QPainterPath>

// Tables, marks of lists, and the painting of every box.
namespace ui::transcript {

namespace {

// Columns get what they need; when that is too much the wide ones share what is left.
std::vector<qreal> fitColumns(std::vector<qreal> wanted, qreal available) {
    std::vector<qreal> given(wanted.size(), 0);
    std::vector<std::size_t> open(wanted.size());
    for (std::size_t i = 0; i < open.size(); ++i)
        open[i] = i;
    while (!open.empty()) {
        const qreal share = available / static_cast<qreal>(open.size());
        const auto small =
            std::stable_partition(open.begin(), open.end(), [&](std::size_t i) { return wanted[i] > share; });
        if (small == open.end()) {
            for (std::size_t i : open)
                given[i] = std::floor(share);
            break;
        }
        for (auto i = small; i != open.end(); ++i) {
            given[*i] = std::ceil(wanted[*i]);
            available -= given[*i];
        }
        open.erase(small, open.end());
    }
    return given;
}

} // namespace

void Box::layOutTable(const Look& look, int width) {
    const auto columns = static_cast<std::size_t>(m_spec.columns.size());
    const qreal padding = 2.0 * look.cellX;
    std::vector<qreal> wanted(columns, 0);
    for (std::size_t i = 0; i < static_cast<std::size_t>(m_spec.cells.size()); ++i) {
        const RichText& cell = m_spec.cells[static_cast<qsizetype>(i)];
        m_naturalWidth = 0;
        addPart(cell, i < columns ? look.strong : look.theme.body, {}, look.line, {}, 100000, Qt::AlignLeft,
                0);
        const bool mono = std::any_of(cell.runs.begin(), cell.runs.end(),
                                      [](const Run& run) { return (run.styles & Code) != 0; });
        wanted[i % columns] =
            std::max(wanted[i % columns], m_naturalWidth * (mono ? 1.15 : 1.04) + padding + 2);
    }
    m_parts.clear();
    const std::vector<qreal> widths = fitColumns(wanted, width);
    m_columnEdges.assign(1, 0);
    for (qreal column : widths)
        m_columnEdges.push_back(m_columnEdges.back() + column);
    m_rowEdges.assign(1, 0);
    int offset = 0;
    for (qsizetype first = 0; first < m_spec.cells.size(); first += static_cast<qsizetype>(columns)) {
        qreal height = look.line;
        for (std::size_t c = 0; c < columns && first + static_cast<qsizetype>(c) < m_spec.cells.size(); ++c) {
            const RichText& cell = m_spec.cells[first + static_cast<qsizetype>(c)];
            const QFont& font = first == 0 ? look.strong : look.theme.body;
            const QPointF at(m_columnEdges[c] + look.cellX, m_rowEdges.back() + look.cellY);
            height = std::max(height, addPart(cell, font, runFormats(cell, font, look), look.line, at,
                                              std::max(8.0, widths[c] - padding),
                                              m_spec.columns[static_cast<qsizetype>(c)], offset));
            offset += static_cast<int>(cell.text.size()) + 1;
        }
        m_rowEdges.push_back(m_rowEdges.back() + height + 2 * look.cellY);
    }
    m_height = m_rowEdges.back();
    m_naturalWidth = m_columnEdges.back();
}

void Box::paintTable(QPainter& painter, const Look& look, QPointF at) const {
    if (m_rowEdges.size() < 2)
        return;
    const QRectF all(at.x() + 0.5, at.y() + 0.5, m_columnEdges.back() - 1, m_rowEdges.back() - 1);
    QPainterPath frame;
    frame.addRoundedRect(all, metrics::radiusButton, metrics::radiusButton);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setClipPath(frame, Qt::IntersectClip);
    painter.fillRect(QRectF(at, QSizeF(m_columnEdges.back(), m_rowEdges[1])), look.theme.code);
    painter.restore();
    painter.save();
    painter.setPen(look.theme.line);
    for (std::size_t row = 1; row + 1 < m_rowEdges.size(); ++row)
        painter.drawLine(QPointF(all.left(), at.y() + m_rowEdges[row] - 0.5),
                         QPointF(all.right(), at.y() + m_rowEdges[row] - 0.5));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawPath(frame);
    painter.restore();
}

void Box::paintMarker(QPainter& painter, const Look& look, QPointF at, bool forgotten) const {
    const QColor ink = forgotten ? look.theme.forgotten : look.theme.text2;
    const qreal middle = at.y() + (m_parts.empty() ? look.line : m_parts[0].tops[1]) / 2;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_spec.task != Block::Task::None) {
        const QRectF box(at.x() - 19.5, std::round(middle) - 6.5, 13, 13);
        painter.setPen(QPen(ink, 1.2));
        painter.drawRoundedRect(box, 3, 3);
        if (m_spec.task == Block::Task::Done) {
            painter.setPen(
                QPen(forgotten ? ink : look.theme.accent, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            const QPointF c = box.center();
            painter.drawPolyline(
                QPolygonF({c + QPointF(-3, 0.2), c + QPointF(-0.8, 2.6), c + QPointF(3.4, -2.6)}));
        }
    } else if (m_spec.marker == u"\u2022") {
        painter.setPen(Qt::NoPen);
        painter.setBrush(ink);
        painter.drawEllipse(QPointF(at.x() - look.listIndent * 0.5, std::round(middle) + 0.5), 2.4, 2.4);
    } else {
        painter.setPen(ink);
        painter.setFont(look.theme.body);
        const QFontMetricsF metrics(look.theme.body);
        const qreal baseline = std::round((look.line - metrics.height()) / 2 + metrics.ascent());
        painter.drawText(QPointF(at.x() - look.tightGap * 1.75 - metrics.horizontalAdvance(m_spec.marker),
                                 at.y() + baseline),
                         m_spec.marker);
    }
    painter.restore();
}

void Box::paintInlineCode(QPainter& painter, const Look& look, QPointF at, const TextPart& part) const {
    if (m_spec.kind == BoxSpec::Kind::Code)
        return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(look.theme.raised2);
    for (const Run& run : part.rich->runs) {
        if (!(run.styles & Code))
            continue;
        for (const LineRect& line : rects(part.offset + run.start, part.offset + run.start + run.length))
            painter.drawRoundedRect(line.rect.translated(at).adjusted(-2, 2, 2, -2), 4, 4);
    }
    painter.restore();
}

void Box::paint(QPainter& painter, const Look& look, QPointF at, int forgotten, const QRectF& clip) const {
    const bool all = forgotten >= std::max(1, m_length);
    if (!m_spec.marker.isEmpty())
        paintMarker(painter, look, at, forgotten > 0);
    if (m_spec.kind == BoxSpec::Kind::Rule) {
        painter.fillRect(QRectF(at.x(), std::round(at.y() + m_height / 2), m_naturalWidth, 1),
                         look.theme.line);
        return;
    }
    if (m_spec.kind == BoxSpec::Kind::Table)
        paintTable(painter, look, at);
    for (const TextPart& part : m_parts) {
        const QRectF area(at + part.at, QSizeF(1e6, part.tops.back()));
        if (area.bottom() < clip.top() || area.top() > clip.bottom())
            continue;
        const int size = static_cast<int>(part.rich->text.size());
        const int faded = all ? size : std::clamp(forgotten - part.offset, 0, size);
        QList<QTextLayout::FormatRange> over;
        if (faded > 0 && (faded < size || !part.layout->formats().isEmpty())) {
            QTextCharFormat format;
            format.setForeground(look.theme.forgotten);
            over.append({0, faded, format});
        }
        paintInlineCode(painter, look, at, part);
        painter.setPen(faded >= size && size > 0 ? look.theme.forgotten : look.theme.text);
        part.layout->draw(&painter, at + part.at, over, clip);
    }
}

} // namespace ui::transcript
