#include "ui/inspector/head_map.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/legend.h"
#include "ui/inspector/lens.h"
#include "ui/inspector/position_map.h"
#include "ui/inspector/ring_glyph.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/sinks_row.h"
#include "ui/inspector/view_controls.h"
#include "ui/inspector/window_grid.h"

#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>

namespace ui {

namespace {
constexpr int SmallestGrid = 96, TallestGrid = 260, MiniMap = 66;
}

CacheTab::CacheTab(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_sinks(new ViewHeading(ViewHeading::Mark::Sink, tr("Sinks"))),
      m_window(new ViewHeading(ViewHeading::Mark::Window, tr("Window"))),
      m_place(new ViewHeading(ViewHeading::Mark::None, tr("Where sink 0 is"))),
      m_heads(new ViewHeading(ViewHeading::Mark::None, tr("Layer × head"))), m_grid(new WindowGrid(state)),
      m_legend(new Legend(state)), m_nextOut(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 6, 16, 6);
    box->setSpacing(4);
    box->addWidget(m_sinks);
    box->addWidget(new SinksRow(state));
    auto* window = new QHBoxLayout;
    window->setSpacing(6);
    window->addWidget(m_window, 1);
    for (QComboBox* choice : {makeGridModeBox(state), makeOrderBox(state)}) {
        choice->setMinimumContentsLength(6);
        window->addWidget(choice);
    }
    box->addSpacing(2);
    box->addLayout(window);
    box->addWidget(m_grid);
    auto* legend = new QHBoxLayout;
    legend->addWidget(m_legend, 1);
    legend->addWidget(m_nextOut);
    box->addLayout(legend);
    box->addWidget(new Lens(state));
    box->addWidget(m_place);
    auto* place = new QHBoxLayout;
    place->setSpacing(8);
    place->addWidget(new RingGlyph(state));
    place->addWidget(new PositionMap(state), 1);
    box->addLayout(place);
    box->addWidget(m_heads);
    auto* map = new HeadMap(state, HeadMap::Axes::Hidden);
    map->setFixedHeight(Theme::current().px(MiniMap));
    box->addWidget(map);
    box->addStretch();
    m_nextOut->setFont(Theme::exact(Theme::current().label));
    m_nextOut->setProperty("kind", QStringLiteral("label"));
    m_nextOut->setTextFormat(Qt::PlainText);
    connect(&state, &InspectorState::shotChanged, this, &CacheTab::refresh);
    connect(&state, &InspectorState::viewChanged, this, &CacheTab::refresh);
    refresh();
}

void CacheTab::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fitGrid();
}

void CacheTab::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange && layout()) // the boxes have other heights for a moment
        layout()->invalidate();
}

void CacheTab::fitGrid() {
    // The grid takes what the other views leave, so that nothing has to be scrolled in a window of usual size.
    const QWidget* viewport = parentWidget();
    const int others = layout()->sizeHint().height() - m_grid->height();
    const int room = viewport ? viewport->height() - others : SmallestGrid;
    m_grid->fitHeight(std::clamp(room, SmallestGrid, TallestGrid));
}

void CacheTab::refresh() {
    if (!isVisible() && !m_place->accessibleName().isEmpty())
        return;
    const auto& now = m_state.shot();
    const auto word = [&](engine::StreamPosition position) {
        const int slot = now.slotOf(position);
        return slot < 0 ? QString()
                        : tokenLabel(
                              m_state.feed().tokenText(now.slots[static_cast<std::size_t>(slot)].token), 14);
    };
    m_sinks->setValue(now.hasAttention ? percent(scopedShares(now, m_state.scope()).sinks) : QString(),
                      now.hasAttention
                          ? tr("of all attention · even share %1").arg(percent(now.uniformShare()))
                          : QString());
    m_window->setValue(QString(), QString());
    m_window->setHint(now.hasLayout ? tr("%1 slots").arg(number(m_grid->cellCount())) : QString());
    m_heads->setValue(QString(), headValueName(m_state.headValue()));
    const bool rolling = now.hasLayout && now.oldest > now.ringStart;
    m_nextOut->setText(rolling ? tr("next out: “%1” (%2)").arg(word(now.oldest), number(now.oldest))
                               : QString());
    m_place->setValue(
        QString(),
        !now.hasLayout ? QString()
        : now.sinkCount > 0 && rolling
            ? tr("%1 tokens back; the model is told %2").arg(number(now.position), number(now.sinkPosition))
            : tr("%1 tokens back, and so the model is told").arg(number(now.position)));
    fitGrid();
}

} // namespace ui
