#include "ui/inspector/head_map.h"
#include "ui/inspector/head_scatter.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/scope.h"

#include <QComboBox>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/inspector/painted_view.h"

namespace ui {

HeadsTab::HeadsTab(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_value(new QComboBox), m_scope(new QLabel), m_types(new QLabel),
      m_baseline(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 12, 16, 12);
    box->setSpacing(8);
    m_value->setAccessibleName(tr("What the head map shows"));
    for (const HeadValue value :
         {HeadValue::SinkShare, HeadValue::FirstToken, HeadValue::Recent, HeadValue::Middle,
          HeadValue::EffectiveKeys, HeadValue::OutputNorm, HeadValue::Lift})
        m_value->addItem(headValueName(value), static_cast<int>(value));
    connect(m_value, &QComboBox::currentIndexChanged, this,
            [this] { m_state.setHeadValue(static_cast<HeadValue>(m_value->currentData().toInt())); });
    box->addWidget(m_value);
    auto* map = new HeadMap(state, HeadMap::Axes::Shown);
    map->setFixedHeight(190);
    box->addWidget(map);
    auto* axis = new QLabel(tr("layer, from the first to the last →"));
    axis->setFont(Theme::current().label);
    box->addWidget(axis, 0, Qt::AlignRight);
    box->addWidget(m_scope);
    box->addWidget(m_baseline);
    auto* heading = new ViewHeading(ViewHeading::Mark::None, tr("Heads by attention mass"));
    heading->setValue({}, tr("sinks ↑ · newest 64 →"));
    box->addWidget(heading);
    box->addWidget(new HeadScatter(state));
    box->addWidget(m_types);
    auto* honest = new QLabel(tr("Attention shows where the model looked, not why it answered."));
    box->addWidget(honest);
    box->addStretch();
    for (QLabel* label : {m_scope, m_types, m_baseline, honest}) {
        label->setFont(Theme::current().label);
        label->setWordWrap(true);
    }
    connect(&state, &InspectorState::shotChanged, this, &HeadsTab::refresh);
    connect(&state, &InspectorState::viewChanged, this, &HeadsTab::refresh);
    refresh();
}

void HeadsTab::refresh() {
    if (!isVisible() && !m_scope->text().isEmpty())
        return;
    const auto& now = m_state.shot();
    const Shares shares = scopedShares(now, m_state.scope());
    m_value->setCurrentIndex(m_value->findData(static_cast<int>(m_state.headValue())));
    if (!now.hasAttention) {
        m_scope->setText(tr("No attention recorded yet."));
        m_types->clear();
        m_baseline->clear();
        return;
    }
    m_scope->setText(tr("%1: sinks %2, newest 64 %3, in between %4, about %5 tokens looked at")
                         .arg(scopeName(now, m_state.scope()), percent(shares.sinks), percent(shares.recent),
                              percent(shares.middle), QLocale().toString(shares.effectiveKeys, 'f', 0)));
    m_baseline->setText(tr("An even share for %1 sinks among %2 tokens would be %3. After the softmax; the "
                           "newest token only.")
                            .arg(now.sinkCount)
                            .arg(number(now.visible()), percent(now.uniformShare())));
    const HeadScatter::Types types = HeadScatter::count(now);
    m_types->setText(tr("◆ %1 of %2 heads give the first token more than 0.3 (%3). Streaming-like %4, mixed "
                        "%5, perhaps retrieval %6.")
                         .arg(types.sinkHeads)
                         .arg(types.all)
                         .arg(percent(types.all > 0 ? static_cast<double>(types.sinkHeads) / types.all : 0))
                         .arg(types.streaming)
                         .arg(types.mixed)
                         .arg(types.retrieval));
}

} // namespace ui
