#include "ui/inspector/window_grid.h"

#include "ui/inspector/scope.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>

#include <algorithm>

namespace ui {

using engine::StreamPosition;

WindowGrid::WindowGrid(InspectorState& state, QWidget* parent) : PaintedView(state, tr("Window"), parent) {
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize WindowGrid::sizeHint() const {
    return {340, 180};
}

void WindowGrid::fitHeight(int most) {
    const double ratio = devicePixelRatioF();
    const Layout grid =
        layoutFor(cellCount(), static_cast<int>(width() * ratio), static_cast<int>(most * ratio));
    const int wanted =
        shot().hasLayout ? static_cast<int>((grid.rows * grid.pitch() - grid.gap) / ratio + 0.999) : most;
    if (wanted != height())
        setFixedHeight(wanted);
}

void WindowGrid::setMode(GridMode mode) {
    m_mode = mode;
    update();
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
    const double ratio = devicePixelRatioF();
    return layoutFor(cellCount(), static_cast<int>(width() * ratio), static_cast<int>(height() * ratio));
}

QRect WindowGrid::cellRect(int cell) const {
    const Layout grid = layout();
    const double ratio = devicePixelRatioF();
    const int left = cell % grid.columns * grid.pitch(), top = cell / grid.columns * grid.pitch();
    return QRectF(left / ratio, top / ratio, grid.cell / ratio, grid.cell / ratio).toAlignedRect();
}

int WindowGrid::cellAt(QPoint point) const {
    const Layout grid = layout();
    const double ratio = devicePixelRatioF();
    const int column = static_cast<int>(point.x() * ratio) / std::max(1, grid.pitch());
    const int cell = static_cast<int>(point.y() * ratio) / std::max(1, grid.pitch()) * grid.columns + column;
    return column >= 0 && column < grid.columns && cell >= 0 && cell < cellCount() ? cell : -1;
}

QRgb WindowGrid::colourOf(StreamPosition position, const std::vector<float>& mass, const Theme& theme) const {
    if (position < 0)
        return noDataColour(theme.dark);
    const auto& now = shot();
    const int slot = now.slotOf(position);
    const auto& token = now.slots[static_cast<std::size_t>(std::max(0, slot))];
    switch (m_mode) {
    case GridMode::Mass: {
        if (slot < 0 || static_cast<std::size_t>(slot) >= mass.size())
            return theme.dark ? qRgb(0x2c, 0x3a, 0x52)
                              : qRgb(0xdd, 0xe5, 0xee); // there, but its attention is not known
        float weight = mass[static_cast<std::size_t>(slot)];
        if (state().sinksHidden())
            weight /= std::max(1e-6f, 1.0f - now.meanSinkShare());
        return heatColour(heatPlace(weight, state().scale(), 1.0 / std::max(1, now.visible())),
                          state().scale(), theme.dark);
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
    const std::vector<float> mass = scopedMass(shot(), state().scope(), !state().paused());
    std::vector<QRgb> colours(static_cast<std::size_t>(cellCount()));
    for (int cell = 0; cell < cellCount(); ++cell)
        colours[static_cast<std::size_t>(cell)] = colourOf(positionAt(cell), mass, theme);
    QImage image = rasterCells(colours, grid.columns, grid.cell, grid.gap);
    image.setDevicePixelRatio(devicePixelRatioF());
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
    for (const StreamPosition pin : state().pins())
        outline(pin, theme.sink, 2);
    if (shot().oldest > shot().ringStart || shot().visible() >= cellCount())
        outline(shot().oldest, theme.text3, 1); // next to be forgotten
    outline(shot().position, theme.text, 1.5);  // the newest: where the write head is
    outline(state().hovered(), theme.accent, 2);
    if (hasFocus() && m_cursor >= 0) {
        painter.setPen(QPen(theme.accent, 2));
        painter.drawRect(QRectF(cellRect(m_cursor)).adjusted(-1, -1, 1, 1));
    }
}

QString WindowGrid::describe(int cell) const {
    const StreamPosition position = positionAt(cell);
    if (position < 0)
        return tr("Free slot");
    const int slot = shot().slotOf(position);
    const auto& token = shot().slots[static_cast<std::size_t>(slot)];
    const std::vector<float> mass = scopedMass(shot(), state().scope(), false);
    const QString attention = static_cast<std::size_t>(slot) < mass.size()
                                  ? percent(static_cast<double>(mass[static_cast<std::size_t>(slot)]))
                                  : tr("not recorded");
    return tr("“%1”, stream position %2, %3 back, attention %4")
        .arg(tokenLabel(state().feed().tokenText(token.token), 24), number(position),
             number(shot().position - position), attention);
}

QString WindowGrid::summary() const {
    if (!shot().hasLayout)
        return tr("The cache is empty");
    return tr("%1 of %2 window slots filled, %3 tokens forgotten")
        .arg(number(std::min<qint64>(cellCount(), shot().position - shot().oldest + 1)), number(cellCount()),
             number(shot().oldest - shot().ringStart));
}

bool WindowGrid::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        auto* help = static_cast<QHelpEvent*>(event);
        if (const int cell = cellAt(help->pos()); cell >= 0)
            QToolTip::showText(help->globalPos(), describe(cell), this);
        return true;
    }
    return PaintedView::event(event);
}

void WindowGrid::moveCursor(int cell) {
    m_cursor = std::clamp(cell, 0, cellCount() - 1);
    setAccessibleDescription(describe(m_cursor));
    state().setHovered(positionAt(m_cursor));
    update();
}

void WindowGrid::keyPressEvent(QKeyEvent* event) {
    const int columns = layout().columns;
    switch (event->key()) {
    case Qt::Key_Left:
        return moveCursor(m_cursor - 1);
    case Qt::Key_Right:
        return moveCursor(m_cursor + 1);
    case Qt::Key_Up:
        return moveCursor(m_cursor - columns);
    case Qt::Key_Down:
        return moveCursor(m_cursor + columns);
    case Qt::Key_Home:
        return moveCursor(0);
    case Qt::Key_End:
        return moveCursor(cellCount() - 1);
    case Qt::Key_PageUp:
        return moveCursor(m_cursor - columns * 8);
    case Qt::Key_PageDown:
        return moveCursor(m_cursor + columns * 8);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (positionAt(m_cursor) >= 0)
            state().togglePin(positionAt(m_cursor));
        return;
    default:
        PaintedView::keyPressEvent(event);
    }
}

void WindowGrid::mouseMoveEvent(QMouseEvent* event) {
    state().setHovered(positionAt(cellAt(event->pos())));
}

void WindowGrid::mousePressEvent(QMouseEvent* event) {
    if (const StreamPosition position = positionAt(cellAt(event->pos())); position >= 0) {
        m_cursor = cellAt(event->pos());
        state().togglePin(position);
    }
}

void WindowGrid::leaveEvent(QEvent*) {
    state().setHovered(-1);
}

} // namespace ui
