#include "ui/inspector/view_controls.h"

#include "ui/inspector/scope.h"
#include "ui/parts/choice_box.h"
#include "ui/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QSignalBlocker>

namespace ui {

namespace {

QComboBox* makeBox(const QString& name, const QString& tip) {
    auto* box = new ChoiceBox;
    box->setAccessibleName(name);
    box->setToolTip(tip);
    box->setProperty("kind", QStringLiteral("chip"));
    box->setFont(Theme::current().label);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(5);
    box->setFocusPolicy(Qt::StrongFocus); // the wheel scrolls the page, not the choice
    return box;
}

/// A box for one property: shows it, and changes it when the person chooses.
template <class Value>
QComboBox* bound(InspectorState& state, QComboBox* box, const QList<Value>& values, QString (*nameOf)(Value),
                 Value (InspectorState::*get)() const, void (InspectorState::*set)(Value)) {
    for (const Value value : values)
        box->addItem(nameOf(value), static_cast<int>(value));
    const auto show = [box, &state, get] {
        const QSignalBlocker quiet(box);
        box->setCurrentIndex(box->findData(static_cast<int>((state.*get)())));
    };
    show();
    QObject::connect(&state, &InspectorState::viewChanged, box, show);
    QObject::connect(box, &QComboBox::currentIndexChanged, &state,
                     [box, &state, set] { (state.*set)(static_cast<Value>(box->currentData().toInt())); });
    return box;
}

} // namespace

ScopeBar::ScopeBar(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_layer(makeBox(tr("Layer"), tr("Layer: [ and ]; A: all heads"))),
      m_head(makeBox(tr("Head"), tr("Head: { and }; A: all heads"))),
      m_aggregate(makeBox(tr("Several heads become one by"),
                          tr("The mean over the heads of a layer, or the largest of them (M)"))),
      m_scale(makeBox(tr("Scale"), tr("Logarithmic, linear, or against an even share (L)"))) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 6, 16, 0);
    row->setSpacing(6);
    row->addWidget(m_layer, 3);
    row->addWidget(m_head, 3);
    row->addWidget(m_aggregate, 2);
    row->addWidget(m_scale, 3);
    bound<Aggregate>(state, m_aggregate, {Aggregate::Mean, Aggregate::Max}, aggregateName,
                     &InspectorState::aggregate, &InspectorState::setAggregate);
    bound<HeatScale>(state, m_scale, {HeatScale::Log, HeatScale::Linear, HeatScale::Lift}, scaleName,
                     &InspectorState::scale, &InspectorState::setScale);
    connect(m_layer, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_state.setScope({index - 1, -1});
    });
    connect(m_head, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_state.setScope({m_state.scope().layer, index - 1});
    });
    connect(&state, &InspectorState::viewChanged, this, &ScopeBar::refresh);
    connect(&state, &InspectorState::shotChanged, this, &ScopeBar::refresh);
    refresh();
}

void ScopeBar::fill(int layers, int heads) {
    m_layers = layers;
    m_heads = heads;
    m_layer->clear();
    m_layer->addItem(tr("All layers"));
    for (int layer = 0; layer < layers; ++layer)
        m_layer->addItem(tr("Layer %1").arg(layer));
    m_head->clear();
    m_head->addItem(tr("All heads"));
    for (int head = 0; head < heads; ++head)
        m_head->addItem(tr("Head %1").arg(head));
}

void ScopeBar::refresh() {
    const QSignalBlocker quietLayer(m_layer), quietHead(m_head);
    const auto& now = m_state.shot();
    if (now.layers != m_layers || now.heads != m_heads)
        fill(now.layers, now.heads);
    const HeadScope scope = m_state.scope();
    m_layer->setCurrentIndex(scope.layer + 1);
    m_head->setCurrentIndex(scope.head + 1);
    m_head->setEnabled(scope.layer >= 0);
    m_aggregate->setEnabled(scope.layer >= 0 && scope.head < 0); // only then are several rows there
}

QComboBox* makeGridModeBox(InspectorState& state) {
    return bound<GridMode>(
        state,
        makeBox(ScopeBar::tr("What the colours mean"),
                ScopeBar::tr("Attention, age, who wrote it, or attention received so far (G)")),
        {GridMode::Mass, GridMode::Age, GridMode::Role, GridMode::Received}, modeName,
        &InspectorState::gridMode, &InspectorState::setGridMode);
}

QComboBox* makeOrderBox(InspectorState& state) {
    return bound<SlotOrder>(
        state,
        makeBox(ScopeBar::tr("Order of the slots"),
                ScopeBar::tr("By slot: a token stays where it is. By age: the oldest first (O)")),
        {SlotOrder::Physical, SlotOrder::Logical}, orderName, &InspectorState::order,
        &InspectorState::setOrder);
}

QComboBox* makeHeadValueBox(InspectorState& state) {
    return bound<HeadValue>(
        state, makeBox(ScopeBar::tr("What the head map shows"), ScopeBar::tr("What the head map shows (V)")),
        {HeadValue::SinkShare, HeadValue::FirstToken, HeadValue::Recent, HeadValue::Middle,
         HeadValue::EffectiveKeys, HeadValue::OutputNorm, HeadValue::Lift},
        headValueName, &InspectorState::headValue, &InspectorState::setHeadValue);
}

} // namespace ui
