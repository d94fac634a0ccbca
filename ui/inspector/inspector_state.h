#pragma once
#include "app/inspector_feed.h"
#include "ui/inspector/heat.h"

#include <QObject>

#include <optional>

namespace ui {

/// Which heads a view speaks of.
struct HeadScope {
    int layer = -1; // -1: all layers
    int head = -1;  // -1: all heads of the layer(s)
    bool operator==(const HeadScope&) const = default;
};

/// What the head map shows.
enum class HeadValue { SinkShare, FirstToken, Recent, Middle, EffectiveKeys, OutputNorm, Lift };

enum class SlotOrder { Physical, Logical };

/// What the colours of the window's cells mean.
enum class GridMode { Mass, Age, Role, Received };

/// How the rows of several heads become one.
enum class Aggregate { Mean, Max };

/// What the person is looking at: shared by all views of the Inspector, changed by their keys and clicks.
/// Main thread; owned by the pane.
class InspectorState : public QObject {
    Q_OBJECT
public:
    explicit InspectorState(app::InspectorFeed& feed, QObject* parent = nullptr);

    app::InspectorFeed& feed() const { return m_feed; }
    /// The moment to draw: live, or the one the view was paused at or scrubbed to.
    const app::InspectorSnapshot& shot() const;

    bool paused() const { return m_frozen.has_value(); }
    qint64 newerTokens() const; // written since the view was paused
    void pause();
    void resume();                                 // live again
    void scrubTo(engine::StreamPosition position); // pauses; clamped to the history
    void scrubBy(int tokens);
    void scrubTurn(int direction);

    HeadScope scope() const { return m_scope; }
    void setScope(HeadScope scope);
    HeadValue headValue() const { return m_value; }
    void setHeadValue(HeadValue value);
    HeatScale scale() const { return m_scale; }
    void setScale(HeatScale scale);
    SlotOrder order() const { return m_order; }
    void setOrder(SlotOrder order);
    GridMode gridMode() const { return m_mode; }
    void setGridMode(GridMode mode);
    /// Max needs the rows of a layer: with all layers in the scope the mean is shown.
    Aggregate aggregate() const { return m_aggregate; }
    void setAggregate(Aggregate aggregate);
    bool sinksHidden() const { return m_sinksHidden; }
    void setSinksHidden(bool hidden);
    const QList<engine::StreamPosition>& pins() const { return m_pins; } // at most 3
    void togglePin(engine::StreamPosition position);
    /// The token under the pointer in any view; -1: none. Lights the chat text.
    engine::StreamPosition hovered() const { return m_hovered; }
    void setHovered(engine::StreamPosition position);

Q_SIGNALS:
    void shotChanged(); // new numbers
    void viewChanged(); // scope, scale, order, pins, hidden sinks, pause
    void hoveredChanged();

private:
    void freezeAt(engine::StreamPosition position);

    app::InspectorFeed& m_feed;
    std::optional<app::InspectorSnapshot> m_frozen;
    HeadScope m_scope;
    HeadValue m_value = HeadValue::SinkShare;
    HeatScale m_scale = HeatScale::Log;
    SlotOrder m_order = SlotOrder::Physical;
    GridMode m_mode = GridMode::Mass;
    Aggregate m_aggregate = Aggregate::Mean;
    bool m_sinksHidden = false;
    QList<engine::StreamPosition> m_pins;
    engine::StreamPosition m_hovered = -1;
};

} // namespace ui
