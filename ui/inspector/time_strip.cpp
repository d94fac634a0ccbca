#include "ui/inspector/time_strip.h"

#include "ui/inspector/raster.h"

#include <QKeyEvent>
#include <QMouseEvent>

#include <algorithm>
#include <limits>

namespace ui {

using engine::StreamPosition;

namespace {
constexpr int Shown = 2048;   // tokens across the strip
constexpr int TickHeight = 8; // evictions and turns below the curve
constexpr int Burst = 16;     // so many tokens at one place are forgotten at once
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
        column.read = column.read || position < history.next();
        const app::TokenScalars scalars = history.scalars(position);
        if (!scalars.known)
            continue;
        column.low = column.known ? std::min(column.low, scalars.p10) : scalars.p10;
        column.high = column.known ? std::max(column.high, scalars.p90) : scalars.p90;
        column.mean += scalars.sinkShare;
        column.p10 += scalars.p10;
        column.p90 += scalars.p90;
        column.known = true;
        ++counts[columnOf(position)];
    }
    for (std::size_t index = 0; index < columns.size(); ++index) {
        for (float Column::*mean : {&Column::mean, &Column::p10, &Column::p90})
            columns[index].*mean /= static_cast<float>(std::max(1, counts[index]));
    }
    for (const app::TurnMark& turn : history.turns()) {
        if (turn.position >= first && turn.position <= last)
            columns[columnOf(turn.position)].turn = true;
    }
    return columns;
}

void TimeStrip::paint(QPainter& painter, const Theme& theme) {
    const app::InspectorHistory& history = state().feed().history();
    if (history.empty())
        return paintSentence(painter, theme, tr("Time begins with the first message."));
    const Drawn wanted{first(), state().feed().sequence(), size(), ratio(), theme.dark};
    if (!(wanted == m_drawn)) {
        m_drawn = wanted;
        rebuild(theme);
    }
    painter.drawImage(0, 0, m_image);
    const StreamPosition from = first(), to = std::max(last(), from + Shown - 1);
    const auto x = [&](StreamPosition position) {
        return static_cast<double>(position - from) / static_cast<double>(to - from + 1) * width();
    };
    for (int pin = 0; pin < state().pins().size(); ++pin) {
        if (state().pins().at(pin) >= from)
            drawPin(painter, QPointF(std::max(4.0, x(state().pins().at(pin))), 5), pin, 3, theme.text);
    }
    if (state().paused())
        painter.fillRect(QRectF(x(shot().position) - 1, 0, 2, height()), theme.accent);
}

void TimeStrip::rebuild(const Theme& theme) {
    const StreamPosition from = first(), to = std::max(last(), from + Shown - 1);
    Raster raster(size(), ratio());
    paintColumns(raster, theme, columns(state().feed().history(), from, to, raster.width()));
    const app::InspectorHistory& history = state().feed().history();
    if (from == history.begin() && from > history.ringStart()) // older tokens are not remembered
        raster.fill(0, qRound(2 * raster.ratio()), 0, raster.height(), theme.text3.rgba());
    m_image = raster.image();
}

void TimeStrip::paintColumns(Raster& raster, const Theme& theme, const std::vector<Column>& columns) const {
    const auto pixels = [&](double logical) { return qRound(logical * raster.ratio()); };
    const int base = raster.height() - pixels(TickHeight + 4);
    const auto y = [&](float share) {
        return base - pixels(2) -
               qRound(static_cast<double>(std::clamp(share, 0.0f, 1.0f)) * (base - pixels(4)));
    };
    QColor band = theme.sink, extremes = theme.sink, hatch = theme.forgotten;
    band.setAlphaF(0.28f);
    extremes.setAlphaF(0.12f);
    hatch.setAlphaF(0.3f);
    const int thick = std::max(1, pixels(1.5));
    int previous = -1;
    for (int x = 0; x < static_cast<int>(columns.size()); ++x) {
        const Column& column = columns[static_cast<std::size_t>(x)];
        if (column.known) {
            raster.fill(x, x + 1, y(column.high), std::max(y(column.high) + 1, y(column.low)),
                        extremes.rgba());
            raster.fill(x, x + 1, y(column.p90), std::max(y(column.p90) + 1, y(column.p10)), band.rgba());
            const int mean = y(column.mean), before = previous < 0 ? mean : previous;
            raster.fill(x, x + 1, std::min(mean, before),
                        std::max(std::max(mean, before), std::min(mean, before) + thick), theme.sink.rgba());
            previous = mean;
        } else {
            if (column.read)
                raster.hatch(x, x + 1, 0, base, hatch.rgba());
            previous = -1;
        }
        if (column.evicted > 0)
            raster.fill(x, column.evicted >= Burst ? x + pixels(2) : x + 1,
                        raster.height() - pixels(column.evicted >= Burst ? TickHeight : 4), raster.height(),
                        theme.forgotten.rgba());
        if (column.turn)
            raster.fill(x, x + std::max(1, pixels(1)), raster.height() - pixels(TickHeight + 3),
                        raster.height(), theme.text2.rgba());
    }
}

double TimeStrip::value() const {
    const app::TokenScalars scalars = state().feed().history().scalars(shot().position);
    return scalars.known ? static_cast<double>(scalars.sinkShare) : std::numeric_limits<double>::quiet_NaN();
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
