#include "app/numbers.h"
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
    table->verticalHeader()->setDefaultSectionSize(Theme::current().px(24));
    table->horizontalHeader()->setStretchLastSection(true);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setShowGrid(false);
    table->setFont(Theme::exact(Theme::current().label));
    table->horizontalHeader()->setFont(Theme::current().label);
    return table;
}
} // namespace

TokenTab::TokenTab(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_title(new QLabel), m_place(new QLabel), m_shares(new QLabel),
      m_top(new QLabel), m_pins(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 8, 16, 8);
    box->setSpacing(5);
    m_title->setFont(Theme::exact(Theme::current().title));
    box->addWidget(m_title);
    box->addWidget(m_place);
    box->addWidget(m_shares);
    box->addWidget(new AttentionRow(state));
    auto* hide = new QCheckBox(tr("Hide sinks"));
    hide->setFont(Theme::current().label);
    hide->setToolTip(tr("Show what is left when the sinks are taken out (H)"));
    connect(hide, &QCheckBox::clicked, &state, &InspectorState::setSinksHidden);
    connect(&state, &InspectorState::viewChanged, hide,
            [this, hide] { hide->setChecked(m_state.sinksHidden()); });
    box->addWidget(hide);
    box->addWidget(m_top);
    box->addWidget(m_pins);
    auto* gone = new ViewHeading(ViewHeading::Mark::None, tr("Forgotten"));
    gone->setValue({}, tr("attention they had received"));
    box->addWidget(gone);
    auto* evictions = makeTable(new EvictionModel(state, this), tr("Forgotten tokens"));
    evictions->horizontalHeader()->setSectionResizeMode(1, QHeaderView::Stretch);
    evictions->horizontalHeader()->setStretchLastSection(false);
    for (const int narrow : {0, 2, 3})
        evictions->horizontalHeader()->setSectionResizeMode(narrow, QHeaderView::ResizeToContents);
    evictions->horizontalHeader()->setResizeContentsPrecision(0); // what is seen, and the heads
    evictions->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    box->addWidget(evictions, 1);
    for (QLabel* label : {m_place, m_shares, m_top, m_pins}) {
        label->setFont(Theme::exact(Theme::current().label));
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
        label->setProperty("kind", QStringLiteral("label"));
    }
    m_title->setTextFormat(Qt::PlainText);
    connect(&state, &InspectorState::shotChanged, this, &TokenTab::refresh);
    connect(&state, &InspectorState::viewChanged, this, &TokenTab::refresh);
    refresh();
}

QString TokenTab::pinWords() const {
    static const QStringList marks = {QStringLiteral("●"), QStringLiteral("▲"), QStringLiteral("■")};
    const auto& now = m_state.shot();
    const std::vector<float> mass = scopedMass(now, m_state.scope(), false, m_state.aggregate());
    QStringList lines;
    for (int pin = 0; pin < m_state.pins().size(); ++pin) {
        const engine::StreamPosition position = m_state.pins().at(pin);
        const int slot = now.slotOf(position);
        const app::InspectedToken* token = m_state.feed().history().token(position);
        const QString word =
            token ? tokenLabel(m_state.feed().tokenText(token->token), 16) : QStringLiteral("…");
        const bool known = slot >= 0 && static_cast<std::size_t>(slot) < mass.size();
        lines << QStringLiteral("%1 “%2” %3: %4")
                     .arg(marks.at(pin), word, number(position),
                          known       ? percent(static_cast<double>(mass[static_cast<std::size_t>(slot)]))
                          : slot >= 0 ? tr("not recorded")
                                      : tr("not in view"));
    }
    return lines.join(QStringLiteral("   "));
}

void TokenTab::refresh() {
    if (!isVisible() && !m_title->text().isEmpty())
        return;
    const auto& now = m_state.shot();
    const auto& feed = m_state.feed();
    m_pins->setVisible(!m_state.pins().isEmpty());
    m_place->setVisible(now.hasLayout);
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
    QString place = tr("stream position %1 · told %2 · slot %3")
                        .arg(number(now.position), number(now.sinkPosition), number(slot));
    if (scalars.known && scalars.surprise > 0)
        place += tr(" · surprise %1 nats")
                     .arg(app::numberLocale().toString(static_cast<double>(scalars.surprise), 'f', 2));
    m_place->setText(place);
    QString line = now.hasAttention
                       ? tr("%1: sinks %2 · newest 64 %3 · in between %4")
                             .arg(scopeName(now, m_state.scope(), m_state.aggregate()), percent(shares.sinks),
                                  percent(shares.recent), percent(shares.middle))
                       : tr("What it looked at was not recorded.");
    if (m_state.sinksHidden() && shares.sinks < 1)
        line += tr("\nsinks hidden: everything else is shown × %1")
                    .arg(app::numberLocale().toString(1 / (1 - shares.sinks), 'f', 2));
    m_shares->setText(line);
    QStringList top;
    for (const LookedAt& item :
         mostLookedAt(now, scopedMass(now, m_state.scope(), false, m_state.aggregate()), 5)) {
        const auto& token = now.slots[static_cast<std::size_t>(now.slotOf(item.position))];
        top << tr("“%1” %2 (%3 back)")
                   .arg(tokenLabel(feed.tokenText(token.token), 14),
                        percent(static_cast<double>(item.weight)), number(now.position - item.position));
    }
    m_top->setText(top.isEmpty() ? QString()
                                 : tr("Most, after the sinks: ") + top.join(QStringLiteral(", ")));
    m_pins->setText(pinWords());
}

} // namespace ui
