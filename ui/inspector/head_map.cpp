#include "ui/inspector/head_map.h"

#include "app/numbers.h"
#include "ui/inspector/inspector_words.h"
#include "ui/inspector/scope.h"

#include <QMenu>

#include <algorithm>
#include <cmath>

namespace ui {

HeadMap::HeadMap(InspectorState& state, Axes axes, QWidget* parent)
    : CellView(state, tr("Layers and heads"), parent), m_axes(axes) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize HeadMap::sizeHint() const {
    return {340, Theme::current().px(m_axes == Axes::Shown ? 170 : 90)};
}

QRectF HeadMap::area() const {
    const Theme& theme = Theme::current(); // words need as much room as they are large
    return m_axes == Axes::Shown ? QRectF(rect()).adjusted(theme.px(34), 0, 0, -theme.px(38))
                                 : QRectF(rect());
}

bool HeadMap::isTransposed() const {
    return shot().heads > shot().layers;
}

QRectF HeadMap::cellRect(int layer, int head) const {
    const auto& now = shot();
    const QRectF box = area();
    const bool turned = isTransposed();
    const int x = turned ? head : layer, y = turned ? layer : head;
    const int columns = turned ? now.heads : now.layers, rows = turned ? now.layers : now.heads;
    // Whole device pixels, so that neighbouring cells have the same look.
    const double ratio = this->ratio();
    const auto edge = [ratio](double value) { return std::floor(value * ratio) / ratio; };
    const double left = edge(box.left() + box.width() * x / columns);
    const double right = edge(box.left() + box.width() * (x + 1) / columns);
    const double top = edge(box.top() + box.height() * y / rows);
    const double bottom = edge(box.top() + box.height() * (y + 1) / rows);
    const double gap = right - left >= 4 && bottom - top >= 4 ? 1 : 0;
    return {left, top, right - left - gap, bottom - top - gap};
}

HeadScope HeadMap::headUnder(QPointF point) const {
    const auto& now = shot();
    const QRectF box = area();
    if (now.layers == 0 || !now.hasAttention || !box.contains(point))
        return {};
    const bool turned = isTransposed();
    const int columns = turned ? now.heads : now.layers, rows = turned ? now.layers : now.heads;
    const int x = std::min(columns - 1, static_cast<int>((point.x() - box.left()) / box.width() * columns));
    const int y = std::min(rows - 1, static_cast<int>((point.y() - box.top()) / box.height() * rows));
    return turned ? HeadScope{y, x} : HeadScope{x, y};
}

QRgb HeadMap::colourOf(float number, float largestNorm, const Theme& theme) const {
    const auto value = state().headValue();
    if (value == HeadValue::Lift)
        return heatColour(heatPlace(number, HeatScale::Lift, shot().uniformShare()), HeatScale::Lift,
                          theme.dark);
    if (value == HeadValue::EffectiveKeys && number >= 0) // logarithmic: 1 to all keys in view
        number = std::log(std::max(1.0f, number)) / std::log(static_cast<float>(std::max(2, shot().keys())));
    if (value == HeadValue::OutputNorm && number >= 0)
        number /= largestNorm;
    return heatColour(heatPlace(number, HeatScale::Linear, 0), HeatScale::Linear, theme.dark);
}

void HeadMap::paintCells(QPainter& painter, const Theme& theme) const {
    const auto& now = shot();
    float largest = 1e-9f;
    for (const auto& stats : now.headStats)
        largest = std::max(largest, stats.outputNorm);
    const bool muted = tooFewTokens(now);
    // One picture instead of a thousand rectangles.
    const double ratio = this->ratio();
    const QRectF box = area();
    QImage image((box.size() * ratio).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    // The edges of columns and rows, once for all their cells.
    const auto edges = [&](bool ofLayers, int count) {
        std::vector<std::pair<int, int>> found;
        const bool alongX = ofLayers != isTransposed();
        for (int i = 0; i < count; ++i) {
            const QRectF cell = (ofLayers ? cellRect(i, 0) : cellRect(0, i)).translated(-box.topLeft());
            found.emplace_back(qRound((alongX ? cell.left() : cell.top()) * ratio),
                               std::min(alongX ? image.width() : image.height(),
                                        qRound((alongX ? cell.right() : cell.bottom()) * ratio)));
        }
        return found;
    };
    const auto layers = edges(true, now.layers), heads = edges(false, now.heads);
    for (int layer = 0; layer < now.layers; ++layer) {
        for (int head = 0; head < now.heads; ++head) {
            QRgb colour = colourOf(headNumber(now, layer, head, state().headValue()), largest, theme);
            if (muted)
                colour = mutedColour(colour, theme.dark);
            const auto& ofLayer = layers[static_cast<std::size_t>(layer)];
            const auto& ofHead = heads[static_cast<std::size_t>(head)];
            const auto& [left, right] = isTransposed() ? ofHead : ofLayer;
            const auto& [top, bottom] = isTransposed() ? ofLayer : ofHead;
            for (int y = top; y < bottom; ++y)
                std::fill(reinterpret_cast<QRgb*>(image.scanLine(y)) + left,
                          reinterpret_cast<QRgb*>(image.scanLine(y)) + right, colour);
        }
    }
    image.setDevicePixelRatio(ratio);
    painter.drawImage(box.topLeft(), image);
}

void HeadMap::paint(QPainter& painter, const Theme& theme) {
    const auto& now = shot();
    if (!now.hasAttention)
        return paintSentence(painter, theme, noHeadsWords(state()));
    paintCells(painter, theme);
    const HeadScope chosen = state().scope();
    if (chosen.layer >= 0 && chosen.layer < now.layers) {
        const QRectF first = cellRect(chosen.layer, std::max(0, chosen.head));
        const QRectF last = cellRect(chosen.layer, chosen.head < 0 ? now.heads - 1 : chosen.head);
        painter.setPen(QPen(theme.text, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(first.united(last).adjusted(-1, -1, 1, 1));
    }
    if (m_axes == Axes::Shown)
        paintAxes(painter, theme);
    paintCursor(painter, theme);
}

void HeadMap::paintAxes(QPainter& painter, const Theme& theme) const {
    const auto& now = shot();
    painter.setFont(theme.label);
    painter.setPen(theme.text3);
    const int line = theme.px(18);
    const bool turned = isTransposed();
    const int columns = turned ? now.heads : now.layers, rows = turned ? now.layers : now.heads;
    const auto box = [&](int x, int y) { return turned ? cellRect(y, x) : cellRect(x, y); };
    const int columnStep = std::max(1, (columns + 7) / 8), rowStep = std::max(1, (rows + 7) / 8);
    for (int column = 0; column < columns; column += columnStep) {
        const QRectF cell = box(column, rows - 1);
        painter.drawText(QRectF(cell.center().x() - theme.px(20), area().bottom() + 2, theme.px(40), line),
                         Qt::AlignHCenter | Qt::AlignTop, QString::number(column));
    }
    const QString letter = turned ? QStringLiteral("L%1") : QStringLiteral("H%1");
    for (int row = 0; row < rows; row += rowStep) {
        const QRectF cell = box(0, row);
        painter.drawText(QRectF(0, cell.center().y() - line / 2.0, theme.px(28), line),
                         Qt::AlignRight | Qt::AlignVCenter, letter.arg(row));
    }
    painter.drawText(QRectF(area().left(), area().bottom() + 1 + line, area().width(), line),
                     Qt::AlignRight | Qt::AlignTop, turned ? tr("head →") : tr("layer, first to last →"));
    painter.drawText(QRectF(0, area().bottom() + 1 + line, area().width(), line),
                     Qt::AlignLeft | Qt::AlignTop, turned ? tr("↑ layer") : tr("↑ head"));
}

int HeadMap::rowCount() const {
    return shot().hasAttention ? shot().layers : 0;
}

int HeadMap::columnCount() const {
    return shot().hasAttention ? shot().heads : 0;
}

QRectF HeadMap::cellBox(Cell cell) const {
    return cellRect(cell.row, cell.column);
}

CellView::Cell HeadMap::cellUnder(QPointF point) const {
    const HeadScope head = headUnder(point);
    return {head.layer, head.head};
}

CellView::Cell HeadMap::stepped(Cell from, int right, int down) const {
    return isTransposed() ? Cell{from.row + down, from.column + right}
                          : Cell{from.row + right, from.column + down};
}

QString HeadMap::rowName(int row) const {
    return tr("layer %1").arg(row);
}

QString HeadMap::columnName(int column) const {
    return tr("head %1").arg(column);
}

QString HeadMap::cellText(Cell cell) const {
    const HeadValue value = state().headValue();
    const float share = headNumber(shot(), cell.row, cell.column, value);
    const QString place = tr("layer %1, head %2").arg(cell.row).arg(cell.column);
    const bool ofSinks = value == HeadValue::SinkShare || value == HeadValue::Lift;
    if (!ofSinks || share < 0)
        return QStringLiteral("%1, %2 %3").arg(place, headValueName(value), headNumberText(share, value));
    QString text = tr("%1, sink share %2 percent")
                       .arg(place, app::numberLocale().toString(static_cast<double>(share) * 100, 'f',
                                                                share >= 0.1f ? 0 : 1));
    if (shot().uniformShare() > 0)
        text += tr(", %1 times uniform").arg(std::lround(static_cast<double>(share) / shot().uniformShare()));
    return text;
}

QString HeadMap::summary() const {
    const auto& now = shot();
    if (!now.hasAttention)
        return noHeadsWords(state());
    int sinkHeads = 0;
    for (const auto& stats : now.headStats)
        sinkHeads += stats.slot0 > 0.3f ? 1 : 0;
    return tr("%1 of %2 heads give the first token more than 0.3 of their attention; the mean over all heads "
              "on sinks is %3")
        .arg(sinkHeads)
        .arg(now.headStats.size())
        .arg(percent(static_cast<double>(now.meanSinkShare())));
}

void HeadMap::activate(Cell cell) {
    const HeadScope head{cell.row, cell.column};
    state().setScope(head == state().scope() ? HeadScope() : head); // a second time: all heads again
}

void HeadMap::fillMenu(QMenu& menu, Cell cell) {
    menu.addAction(tr("Speak of this head"), this, [this, cell] {
        state().setScope({cell.row, cell.column});
    });
    menu.addAction(tr("Speak of this layer"), this, [this, cell] { state().setScope({cell.row, -1}); });
    menu.addAction(tr("Speak of all heads"), this, [this] { state().setScope({}); });
}

} // namespace ui
