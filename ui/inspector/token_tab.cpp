#include "ui/inspector/attention_row.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/tables.h"

#include <QCheckBox>
#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QVBoxLayout>

namespace ui {

namespace {
QTableView* makeTable(QAbstractItemModel* model, const QString& name) {
    auto* table = new QTableView;
    table->setModel(model);
    table->setAccessibleName(name);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(24);
    table->horizontalHeader()->setStretchLastSection(true);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setShowGrid(false);
    table->setFont(Theme::current().label);
    table->horizontalHeader()->setFont(Theme::current().label);
    return table;
}
} // namespace

TokenTab::TokenTab(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_title(new QLabel), m_shares(new QLabel), m_top(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 12, 16, 12);
    box->setSpacing(6);
    m_title->setFont(Theme::current().title);
    box->addWidget(m_title);
    box->addWidget(m_shares);
    box->addWidget(new AttentionRow(state));
    auto* hide = new QCheckBox(tr("Hide sinks"));
    hide->setFont(Theme::current().label);
    connect(hide, &QCheckBox::toggled, &state, &InspectorState::setSinksHidden);
    connect(&state, &InspectorState::viewChanged, hide,
            [this, hide] { hide->setChecked(m_state.sinksHidden()); });
    box->addWidget(hide);
    box->addWidget(m_top);
    auto* gone = new ViewHeading(ViewHeading::Mark::None, tr("Forgotten"));
    gone->setValue({}, tr("attention they had received"));
    box->addWidget(gone);
    auto* evictions = makeTable(new EvictionModel(state, this), tr("Forgotten tokens"));
    evictions->horizontalHeader()->setSectionResizeMode(1, QHeaderView::Stretch);
    evictions->horizontalHeader()->setStretchLastSection(false);
    for (const int narrow : {0, 2, 3})
        evictions->setColumnWidth(narrow, 62);
    evictions->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    box->addWidget(evictions, 1);
    for (QLabel* label : {m_shares, m_top}) {
        label->setFont(Theme::current().label);
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
    }
    m_title->setTextFormat(Qt::PlainText);
    connect(&state, &InspectorState::shotChanged, this, &TokenTab::refresh);
    connect(&state, &InspectorState::viewChanged, this, &TokenTab::refresh);
    refresh();
}

void TokenTab::refresh() {
    const auto& now = m_state.shot();
    const auto& feed = m_state.feed();
    if (!now.hasLayout) {
        m_title->setText(tr("No token yet"));
        m_shares->setText(tr("Send a message to see what each token looks at."));
        m_top->clear();
        return;
    }
    const int slot = now.slotOf(now.position);
    const QString word =
        slot < 0 ? QString()
                 : tokenLabel(feed.tokenText(now.slots[static_cast<std::size_t>(slot)].token), 20);
    m_title->setText(QStringLiteral("“%1”").arg(word));
    const Shares shares = scopedShares(now, m_state.scope());
    const app::TokenScalars scalars = feed.history().scalars(now.position);
    QString line = tr("stream %1 · told %2 · slot %3 · %4")
                       .arg(number(now.position), number(now.sinkPosition), number(slot),
                            scopeName(now, m_state.scope()));
    if (now.hasAttention)
        line += tr("\nsinks %1 · newest 64 %2 · in between %3")
                    .arg(percent(shares.sinks), percent(shares.recent), percent(shares.middle));
    if (scalars.known && scalars.surprise > 0)
        line +=
            tr(" · surprise %1 nats").arg(QLocale().toString(static_cast<double>(scalars.surprise), 'f', 2));
    if (m_state.sinksHidden() && shares.sinks < 1)
        line += tr("\nsinks hidden: everything else is shown × %1")
                    .arg(QLocale().toString(1 / (1 - shares.sinks), 'f', 2));
    m_shares->setText(line);
    QStringList top;
    for (const LookedAt& item : mostLookedAt(now, scopedMass(now, m_state.scope(), false), 5)) {
        const auto& token = now.slots[static_cast<std::size_t>(now.slotOf(item.position))];
        top << tr("“%1” %2 (%3 back)")
                   .arg(tokenLabel(feed.tokenText(token.token), 14),
                        percent(static_cast<double>(item.weight)), number(now.position - item.position));
    }
    m_top->setText(top.isEmpty() ? QString() : tr("Most: ") + top.join(QStringLiteral(", ")));
}

} // namespace ui
