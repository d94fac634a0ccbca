#include "ui/inspector/time_strip.h"

#include <QKeyEvent>
#include <QMouseEvent>

#include <algorithm>

namespace ui {

using engine::StreamPosition;

namespace {
constexpr int Shown = 2048;   // tokens across the strip
constexpr int TickHeight = 8; // evictions and turns below the curve
} // namespace

TimeStrip::TimeStrip(InspectorState& state, QWidget* parent)
    : PaintedView(state, tr("Sink share over time"), parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setCursor(Qt::PointingHandCursor);
}

QSize TimeStrip::sizeHint() const {
    return {340, 52};
}

StreamPosition TimeStrip::last() const {
    return std::max<StreamPosition>(0, state().feed().history().next() - 1);
}

StreamPosition TimeStrip::first() const {
    const auto& history = state().feed().history();
    const StreamPosition remembered = history.begin() <= history.sinkSlots() ? 0 : history.begin();
    // A pause keeps its moment on the strip.
    const StreamPosition wanted = std::min(last() - Shown + 1, shot().position - Shown / 8);
    return std::clamp<StreamPosition>(wanted, remembered, std::max(remembered, last()));
}

StreamPosition TimeStrip::positionAt(double x) const {
    const auto span = static_cast<double>(std::max<StreamPosition>(Shown, last() - first() + 1));
    return first() + static_cast<StreamPosition>(std::clamp(x / std::max(1, width()), 0.0, 1.0) * (span - 1));
}

std::vector<TimeStrip::Column> TimeStrip::columns(const app::InspectorHistory& history, StreamPosition first,
                                                  StreamPosition last, int width) {
    std::vector<Column> columns(static_cast<std::size_t>(std::max(1, width)));
    std::vector<int> counts(columns.size(), 0);
    const auto span = static_cast<double>(std::max<StreamPosition>(1, last - first + 1));
    const auto columnOf = [&](StreamPosition position) {
        return std::min(columns.size() - 1,
                        static_cast<std::size_t>(static_cast<double>(position - first) / span *
                                                 static_cast<double>(columns.size())));
    };
    StreamPosition edge = history.oldestAt(first);
    for (StreamPosition position = first; position <= last; ++position) {
        Column& column = columns[columnOf(position)];
        const StreamPosition now = history.oldestAt(position);
        if (position < history.next() && now > edge)
            column.evicted += static_cast<int>(now - edge);
        edge = std::max(edge, now);
        const app::TokenScalars scalars = history.scalars(position);
        if (!scalars.known)
            continue;
        column.low = column.known ? std::min(column.low, scalars.p10) : scalars.p10;
        column.high = column.known ? std::max(column.high, scalars.p90) : scalars.p90;
        column.mean += scalars.sinkShare;
        column.known = true;
        ++counts[columnOf(position)];
    }
    for (std::size_t index = 0; index < columns.size(); ++index) {
        if (counts[index] > 0)
            columns[index].mean /= static_cast<float>(counts[index]);
    }
    for (const app::TurnMark& turn : history.turns()) {
        if (turn.position >= first && turn.position <= last)
            columns[columnOf(turn.position)].turn = true;
    }
    return columns;
}

void TimeStrip::paint(QPainter& painter, const Theme& theme) {
    if (state().feed().history().empty())
        return paintSentence(painter, theme, tr("Time begins with the first message."));
    const StreamPosition from = first(), to = std::max(last(), from + Shown - 1);
    const auto all = columns(state().feed().history(), from, to, width());
    const double base = height() - TickHeight - 4;
    const auto y = [base](float share) { return base - 2 - static_cast<double>(share) * (base - 4); };
    QColor band = theme.sink;
    band.setAlphaF(0.25f);
    double previous = -1;
    for (int x = 0; x < static_cast<int>(all.size()); ++x) {
        const Column& column = all[static_cast<std::size_t>(x)];
        if (column.known) {
            painter.fillRect(QRectF(x, y(column.high), 1, std::max(1.0, y(column.low) - y(column.high))),
                             band);
            const double mean = y(column.mean);
            const double top = previous < 0 ? mean : std::min(mean, previous);
            const double bottom = previous < 0 ? mean : std::max(mean, previous);
            painter.fillRect(QRectF(x, top, 1, std::max(1.5, bottom - top)), theme.sink);
            previous = mean;
        } else {
            previous = -1;
        }
        if (column.evicted > 0)
            painter.fillRect(QRectF(x, height() - 4, 1, 4), theme.forgotten);
        if (column.turn)
            painter.fillRect(QRectF(x, height() - TickHeight, 1, TickHeight), theme.text2);
    }
    if (state().paused()) {
        const double x =
            static_cast<double>(shot().position - from) / static_cast<double>(to - from + 1) * width();
        painter.fillRect(QRectF(x - 1, 0, 2, height()), theme.accent);
    }
}

void TimeStrip::mousePressEvent(QMouseEvent* event) {
    state().scrubTo(positionAt(event->position().x()));
}

void TimeStrip::mouseMoveEvent(QMouseEvent* event) {
    if (event->buttons() & Qt::LeftButton)
        state().scrubTo(positionAt(event->position().x()));
}

void TimeStrip::keyPressEvent(QKeyEvent* event) {
    const bool turns = event->modifiers() & Qt::ControlModifier;
    switch (event->key()) {
    case Qt::Key_Left:
        return turns ? state().scrubTurn(-1) : state().scrubBy(-1);
    case Qt::Key_Right:
        return turns ? state().scrubTurn(1) : state().scrubBy(1);
    case Qt::Key_Home:
        return state().scrubTo(0);
    case Qt::Key_End:
        return state().resume();
    default:
        PaintedView::keyPressEvent(event);
    }
}

QString TimeStrip::summary() const {
    const app::TokenScalars scalars = state().feed().history().scalars(shot().position);
    if (!scalars.known)
        return tr("Token %1: attention not recorded").arg(number(shot().position));
    return tr("Token %1: sink share %2, between %3 and %4 for most heads")
        .arg(number(shot().position), percent(static_cast<double>(scalars.sinkShare)),
             percent(static_cast<double>(scalars.p10)), percent(static_cast<double>(scalars.p90)));
}

} // namespace ui
