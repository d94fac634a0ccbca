#include "ui/inspector/inspector_state.h"

#include <algorithm>

namespace ui {

using engine::StreamPosition;

InspectorState::InspectorState(app::InspectorFeed& feed, QObject* parent) : QObject(parent), m_feed(feed) {
    connect(&feed, &app::InspectorFeed::changed, this, [this] {
        if (paused())
            Q_EMIT viewChanged(); // the badge counts on
        else
            Q_EMIT shotChanged();
    });
    connect(&feed, &app::InspectorFeed::wasReset, this, [this] {
        m_frozen.reset();
        m_pins.clear();
        m_hovered = -1;
        Q_EMIT viewChanged();
        Q_EMIT shotChanged();
    });
}

const app::InspectorSnapshot& InspectorState::shot() const {
    return m_frozen ? *m_frozen : m_feed.live();
}

qint64 InspectorState::newerTokens() const {
    return m_frozen ? m_feed.live().position - m_frozen->position : 0;
}

void InspectorState::pause() {
    if (!paused())
        freezeAt(m_feed.live().position);
}

void InspectorState::resume() {
    if (!paused())
        return;
    m_frozen.reset();
    Q_EMIT viewChanged();
    Q_EMIT shotChanged();
}

void InspectorState::scrubTo(StreamPosition position) {
    const app::InspectorHistory& history = m_feed.history();
    if (history.empty())
        return;
    const StreamPosition last = history.next() - 1;
    freezeAt(std::clamp(position, std::min(history.begin(), last), last));
}

void InspectorState::scrubBy(int tokens) {
    scrubTo(shot().position + tokens);
}

void InspectorState::scrubTurn(int direction) {
    const StreamPosition here = shot().position;
    const auto& turns = m_feed.history().turns();
    if (direction < 0) {
        for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
            if (turn->position < here)
                return scrubTo(turn->position);
        }
        return scrubTo(0);
    }
    for (const app::TurnMark& turn : turns) {
        if (turn.position > here)
            return scrubTo(turn.position);
    }
    resume();
}

void InspectorState::freezeAt(StreamPosition position) {
    m_frozen = m_feed.at(position);
    Q_EMIT viewChanged();
    Q_EMIT shotChanged();
}

void InspectorState::setScope(HeadScope scope) {
    const auto& now = shot();
    scope.layer = std::clamp(scope.layer, -1, std::max(-1, now.layers - 1));
    scope.head = scope.layer < 0 ? -1 : std::clamp(scope.head, -1, std::max(-1, now.heads - 1));
    if (scope == m_scope)
        return;
    m_scope = scope;
    Q_EMIT viewChanged();
}

void InspectorState::setHeadValue(HeadValue value) {
    m_value = value;
    Q_EMIT viewChanged();
}

void InspectorState::setScale(HeatScale scale) {
    m_scale = scale;
    Q_EMIT viewChanged();
}

void InspectorState::setOrder(SlotOrder order) {
    m_order = order;
    Q_EMIT viewChanged();
}

void InspectorState::setGridMode(GridMode mode) {
    m_mode = mode;
    Q_EMIT viewChanged();
}

void InspectorState::setAggregate(Aggregate aggregate) {
    m_aggregate = aggregate;
    Q_EMIT viewChanged();
}

void InspectorState::setSinksHidden(bool hidden) {
    m_sinksHidden = hidden;
    Q_EMIT viewChanged();
}

void InspectorState::togglePin(StreamPosition position) {
    if (!m_pins.removeOne(position)) {
        m_pins.append(position);
        if (m_pins.size() > 3)
            m_pins.removeFirst();
    }
    Q_EMIT viewChanged();
}

void InspectorState::setHovered(StreamPosition position) {
    if (position == m_hovered)
        return;
    m_hovered = position;
    Q_EMIT hoveredChanged();
}

} // namespace ui
