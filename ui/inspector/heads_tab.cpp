#include "app/numbers.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/head_scatter.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/view_controls.h"

#include <QComboBox>
#include <QLabel>
#include <QVBoxLayout>

namespace ui {

HeadsTab::HeadsTab(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_map(new ViewHeading(ViewHeading::Mark::None, tr("Layer × head"))),
      m_mass(new ViewHeading(ViewHeading::Mark::None, tr("Heads by attention mass"))), m_scope(new QLabel),
      m_types(new QLabel), m_baseline(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 6, 16, 6);
    box->setSpacing(5);
    auto* heading = new QHBoxLayout;
    heading->addWidget(m_map, 1);
    QComboBox* value = makeHeadValueBox(state);
    value->setMinimumContentsLength(20);
    heading->addWidget(value);
    box->addLayout(heading);
    auto* map = new HeadMap(state, HeadMap::Axes::Shown);
    map->setFixedHeight(Theme::current().px(176));
    box->addWidget(map);
    box->addWidget(m_scope);
    box->addWidget(m_baseline);
    box->addSpacing(2);
    box->addWidget(m_mass);
    box->addWidget(new HeadScatter(state));
    box->addWidget(m_types);
    auto* honest = new QLabel(tr("Attention shows where the model looked, not why it answered."));
    honest->setProperty("kind", QStringLiteral("hint"));
    box->addWidget(honest);
    box->addStretch();
    for (QLabel* label : {m_scope, m_types, m_baseline, honest}) {
        label->setFont(Theme::current().label);
        label->setWordWrap(true);
    }
    for (QLabel* label : {m_scope, m_types, m_baseline})
        label->setProperty("kind", QStringLiteral("label"));
    connect(&state, &InspectorState::shotChanged, this, &HeadsTab::refresh);
    connect(&state, &InspectorState::viewChanged, this, &HeadsTab::refresh);
    refresh();
}

void HeadsTab::refresh() {
    if (!isVisible() && !m_scope->text().isEmpty())
        return;
    const auto& now = m_state.shot();
    if (!now.hasAttention) {
        m_scope->setText(tr("No attention recorded yet."));
        m_types->clear();
        m_baseline->clear();
        return;
    }
    const Shares shares = scopedShares(now, m_state.scope());
    m_scope->setText(tr("%1: sinks %2, newest 64 %3, in between %4, about %5 tokens looked at.")
                         .arg(scopeName(now, m_state.scope(), m_state.aggregate()), percent(shares.sinks),
                              percent(shares.recent), percent(shares.middle),
                              app::numberLocale().toString(shares.effectiveKeys, 'f', 0)));
    m_baseline->setText(tr("After the softmax, one token only: it looks at %1, itself included. An even "
                           "share of %2 sinks is %3.")
                            .arg(number(now.keys()))
                            .arg(now.sinkCount)
                            .arg(percent(now.uniformShare())));
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
