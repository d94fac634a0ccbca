#include "ui/inspector/window_grid.h"

#include "ui/inspector/inspector_words.h"
#include "ui/inspector/scope.h"

#include <QMenu>

#include <algorithm>

namespace ui {

using engine::StreamPosition;

namespace {
constexpr int Recent = 64;          // the newest tokens, which are looked at anyway
constexpr double ActingAsSink = 10; // times an even share
} // namespace

WindowGrid::WindowGrid(InspectorState& state, QWidget* parent) : CellView(state, tr("Window"), parent) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize WindowGrid::sizeHint() const {
    return {340, 180};
}

void WindowGrid::fitHeight(int most) {
    const double ratio = this->ratio();
    const Layout grid =
        layoutFor(cellCount(), static_cast<int>(width() * ratio), static_cast<int>(most * ratio));
    const int wanted =
        shot().hasLayout ? static_cast<int>((grid.rows * grid.pitch() - grid.gap) / ratio + 0.999) : most;
    if (wanted != height())
        setFixedHeight(wanted);
}

WindowGrid::Layout WindowGrid::layoutFor(int cells, int widthPixels, int heightPixels) {
    Layout best{1, std::max(1, cells), 1, 0};
    for (int pitch = 40; pitch >= 1; --pitch) {
        const int gap = pitch >= 4 ? std::max(1, pitch / 8) : 0; // below 3 pixels there is no room for gaps
        const int columns = std::max(1, (widthPixels + gap) / pitch);
        const int rows = (cells + columns - 1) / columns;
        best = {columns, rows, pitch - gap, gap};
        if (rows * pitch - gap <= heightPixels)
            break;
    }
    return best;
}

int WindowGrid::cellCount() const {
    const auto& now = shot();
    return now.window > 0 ? std::min(now.window, std::max(1, now.ringSlots)) : std::max(1, now.ringSlots);
}

StreamPosition WindowGrid::positionAt(int cell) const {
    const auto& now = shot();
    const int count = cellCount();
    if (cell < 0 || cell >= count || now.position < now.oldest)
        return -1;
    if (state().order() == SlotOrder::Logical) {
        // The newest `count` tokens: with the query itself there is one more than the window holds.
        const StreamPosition first = std::max(now.oldest, now.position - count + 1);
        return first + cell <= now.position ? first + cell : -1;
    }
    const StreamPosition newest = now.position - now.ringStart;
    const StreamPosition position = now.ringStart + newest - ((newest - cell) % count + count) % count;
    return position >= now.oldest && position >= now.ringStart ? position : -1;
}

int WindowGrid::cellOf(StreamPosition position) const {
    const auto& now = shot();
    const int count = cellCount();
    if (position < std::max(now.oldest, now.position - count + 1) || position > now.position ||
        position < now.ringStart)
        return -1;
    if (state().order() == SlotOrder::Logical)
        return static_cast<int>(position - std::max(now.oldest, now.position - count + 1));
    return static_cast<int>((position - now.ringStart) % count);
}

WindowGrid::Layout WindowGrid::layout() const {
    const double ratio = this->ratio();
    return layoutFor(cellCount(), static_cast<int>(width() * ratio), static_cast<int>(height() * ratio));
}

QRect WindowGrid::cellRect(int cell) const {
    const Layout grid = layout();
    const double ratio = this->ratio();
    const int left = cell % grid.columns * grid.pitch(), top = cell / grid.columns * grid.pitch();
    return QRectF(left / ratio, top / ratio, grid.cell / ratio, grid.cell / ratio).toAlignedRect();
}

int WindowGrid::indexOf(Cell cell) const {
    return cell.row * layout().columns + cell.column;
}

int WindowGrid::rowCount() const {
    return shot().hasLayout ? layout().rows : 0;
}

int WindowGrid::columnCount() const {
    return shot().hasLayout ? layout().columns : 0;
}

bool WindowGrid::hasCell(Cell cell) const {
    return CellView::hasCell(cell) && indexOf(cell) < cellCount();
}

QRectF WindowGrid::cellBox(Cell cell) const {
    return cellRect(indexOf(cell));
}

CellView::Cell WindowGrid::cellUnder(QPointF point) const {
    const Layout grid = layout();
    const double pitch = std::max(1, grid.pitch()) / ratio();
    if (point.x() < 0 || point.y() < 0)
        return {};
    const Cell cell{static_cast<int>(point.y() / pitch), static_cast<int>(point.x() / pitch)};
    return hasCell(cell) ? cell : Cell{};
}

QString WindowGrid::cellText(Cell cell) const {
    return describe(indexOf(cell));
}

QString WindowGrid::rowName(int row) const {
    return tr("row %1").arg(row);
}

QString WindowGrid::columnName(int column) const {
    return tr("column %1").arg(column);
}

void WindowGrid::activate(Cell cell) {
    if (const StreamPosition position = positionAt(indexOf(cell)); position >= 0)
        state().togglePin(position);
}

void WindowGrid::pointAt(Cell cell) {
    state().setHovered(cell.isValid() ? positionAt(indexOf(cell)) : -1);
}

void WindowGrid::fillMenu(QMenu& menu, Cell cell) {
    fillTokenMenu(menu, state(), positionAt(indexOf(cell)));
}

void fillTokenMenu(QMenu& menu, InspectorState& state, StreamPosition position) {
    if (position < 0)
        return;
    menu.addAction(state.pins().contains(position) ? WindowGrid::tr("Unpin this token")
                                                   : WindowGrid::tr("Pin this token"),
                   &state, [&state, position] { state.togglePin(position); });
    menu.addAction(WindowGrid::tr("See what this token looked at"), &state,
                   [&state, position] { state.scrubTo(position); });
}

QRgb WindowGrid::colourOf(StreamPosition position, const std::vector<float>& mass, const Theme& theme) const {
    if (position < 0)
        return noDataColour(theme.dark);
    const auto& now = shot();
    const int slot = now.slotOf(position);
    const auto& token = now.slots[static_cast<std::size_t>(std::max(0, slot))];
    switch (state().gridMode()) {
    case GridMode::Mass: {
        if (slot < 0 || static_cast<std::size_t>(slot) >= mass.size())
            return presentColour(theme.dark);
        const float weight = mass[static_cast<std::size_t>(slot)];
        const QRgb colour = heatColour(heatPlace(weight, state().scale(), 1.0 / std::max(1, now.keys())),
                                       state().scale(), theme.dark);
        return m_muted ? mutedColour(colour, theme.dark) : colour;
    }
    case GridMode::Age: {
        const double age = static_cast<double>(now.position - position) / std::max(1, cellCount());
        return heatColour(static_cast<float>(1 - age), HeatScale::Linear, theme.dark);
    }
    case GridMode::Role:
        switch (token.source.role) {
        case engine::Role::User:
            return theme.window.rgb();
        case engine::Role::Assistant:
            return theme.text3.rgb();
        case engine::Role::System:
            return theme.sink.rgb();
        }
        return noDataColour(theme.dark);
    case GridMode::Received:
        return heatColour(heatPlace(token.received, HeatScale::Log, 0), HeatScale::Log, theme.dark);
    }
    return noDataColour(theme.dark);
}

void WindowGrid::paint(QPainter& painter, const Theme& theme) {
    if (!shot().hasLayout)
        return paintSentence(painter, theme,
                             tr("Send a message, and every token of the window appears here."));
    const Layout grid = layout();
    std::vector<float> mass = scopedMass(shot(), state().scope(), !state().paused(), state().aggregate());
    if (state().sinksHidden()) {
        const float factor = withoutSinks(shot(), state().scope());
        for (float& weight : mass)
            weight *= factor;
    }
    m_muted = tooFewTokens(shot());
    std::vector<QRgb> colours(static_cast<std::size_t>(cellCount()));
    for (int cell = 0; cell < cellCount(); ++cell)
        colours[static_cast<std::size_t>(cell)] = colourOf(positionAt(cell), mass, theme);
    QImage image = rasterCells(colours, grid.columns, grid.cell, grid.gap);
    image.setDevicePixelRatio(ratio());
    painter.drawImage(0, 0, image);
    paintMarks(painter, theme);
}

void WindowGrid::paintMarks(QPainter& painter, const Theme& theme) const {
    const auto outline = [&](StreamPosition position, const QColor& colour, double width) {
        const int cell = cellOf(position);
        if (cell < 0)
            return;
        painter.setPen(QPen(colour, width));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(cellRect(cell)).adjusted(-0.5, -0.5, 0.5, 0.5));
    };
    if (shot().oldest > shot().ringStart || shot().keys() >= cellCount())
        outline(shot().oldest, theme.text3, 1); // next to be forgotten
    outline(shot().position, theme.text, 1.5);  // the newest: where the write head is
    outline(state().hovered(), theme.accent, 2);
    for (int pin = 0; pin < state().pins().size(); ++pin) {
        const int cell = cellOf(state().pins().at(pin));
        if (cell < 0)
            continue;
        outline(state().pins().at(pin), theme.text, 2);
        const QRectF box = cellRect(cell);
        drawPin(painter, box.center(), pin, std::max(3.0, box.width() / 2.5), theme.text);
    }
    paintCursor(painter, theme);
}

QString WindowGrid::describe(int cell) const {
    const StreamPosition position = positionAt(cell);
    const int slot = shot().slotOf(position);
    if (position < 0 || slot < 0)
        return tr("Free slot");
    const auto& token = shot().slots[static_cast<std::size_t>(slot)];
    const std::vector<float> mass = scopedMass(shot(), state().scope(), false, state().aggregate());
    const QString attention = static_cast<std::size_t>(slot) < mass.size()
                                  ? percent(static_cast<double>(mass[static_cast<std::size_t>(slot)]))
                                  : tr("not recorded");
    QString text = tr("“%1”, stream position %2, %3 back, attention %4")
                       .arg(tokenLabel(state().feed().tokenText(token.token), 24), number(position),
                            number(shot().position - position), attention);
    if (const auto pin = state().pins().indexOf(position); pin >= 0)
        text += tr(", pin %1").arg(pin + 1);
    // Weak tokens in the middle may collect attention, too (a sink that is not at the beginning).
    const bool known = static_cast<std::size_t>(slot) < shot().averageMass.size();
    if (known && shot().position - position > Recent &&
        static_cast<double>(shot().averageMass[static_cast<std::size_t>(slot)]) * shot().keys() >
            ActingAsSink)
        text += tr(", acting as a sink");
    return text;
}

QString WindowGrid::summary() const {
    if (!shot().hasLayout)
        return tr("The cache is empty");
    return tr("%1 of %2 window slots filled, %3")
        .arg(number(std::min<qint64>(cellCount(), shot().position - shot().oldest + 1)), number(cellCount()),
             forgottenWords(shot()));
}

} // namespace ui
