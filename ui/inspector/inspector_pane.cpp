#include "ui/inspector/inspector_pane.h"

#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/painted_view.h"
#include "ui/inspector/time_strip.h"

#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

namespace ui {

namespace {

constexpr int HighlightMs = 350;

QFrame* line() {
    auto* frame = new QFrame;
    frame->setProperty("kind",
                       QStringLiteral("line")); // coloured by the style sheet, so that it follows the theme
    frame->setFixedHeight(1);
    return frame;
}

QScrollArea* scrolled(QWidget* page, const QString& name) {
    auto* area = new QScrollArea;
    area->setAccessibleName(name);
    area->setWidget(page);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    return area;
}

} // namespace

InspectorPane::InspectorPane(app::ChatController& controller, QWidget* parent)
    : QWidget(parent), m_controller(controller), m_feed(controller.engine()), m_compare(controller.engine()),
      m_state(new InspectorState(m_feed, this)), m_tabs(new QTabBar), m_pages(new QStackedWidget),
      m_title(new QLabel(tr("Inspector"))), m_live(new QLabel), m_timeValue(new QLabel), m_cost(new QLabel),
      m_pause(new QPushButton) {
    setObjectName(QStringLiteral("inspector"));
    setAccessibleName(tr("Inspector"));
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(0, 0, 0, 0);
    box->setSpacing(0);
    buildHeader();
    m_pages->addWidget(scrolled(new CacheTab(*m_state), tr("Cache")));
    m_pages->addWidget(scrolled(new HeadsTab(*m_state), tr("Heads")));
    m_pages->addWidget(scrolled(new TokenTab(*m_state), tr("Token")));
    m_pages->addWidget(scrolled(new CompareTab(controller, m_compare), tr("Compare")));
    box->addWidget(m_pages, 1);
    box->addWidget(line());
    auto* time = new QVBoxLayout;
    time->setContentsMargins(16, 8, 16, 6);
    time->setSpacing(4);
    auto* heading = new QHBoxLayout;
    auto* timeName = new QLabel(tr("Time"));
    timeName->setFont(Theme::current().groupHead);
    heading->addWidget(timeName);
    heading->addStretch();
    heading->addWidget(m_timeValue);
    time->addLayout(heading);
    time->addWidget(new TimeStrip(*m_state));
    box->addLayout(time);
    box->addWidget(line());
    auto* footer = new QHBoxLayout;
    footer->setContentsMargins(16, 2, 10, 2);
    footer->addWidget(m_cost, 1);
    const auto button = [&](const QString& text, const QString& tip, auto slot) {
        auto* made = new QPushButton(text);
        made->setFlat(true);
        made->setToolTip(tip);
        made->setAccessibleName(tip);
        made->setFont(Theme::current().label);
        connect(made, &QPushButton::clicked, this, slot);
        footer->addWidget(made);
    };
    button(tr("Numbers"), tr("All numbers as a table (T)"), [this] { showNumbers(); });
    button(tr("Export"), tr("Export what is seen (Ctrl+E)"), [this] { exportView(); });
    button(tr("Help"), tr("What these views show"), [this] { showHelp(); });
    box->addLayout(footer);
    for (QLabel* label : {m_live, m_timeValue, m_cost}) {
        label->setFont(Theme::current().label);
        label->setProperty("kind", QStringLiteral("label"));
    }
    m_pause->setFont(Theme::current().button);
    m_tabs->setFont(Theme::weighted(Theme::current().list, QFont::Medium));

    m_highlightTimer.setSingleShot(true);
    m_highlightTimer.setInterval(HighlightMs);
    connect(&m_highlightTimer, &QTimer::timeout, this, &InspectorPane::updateHighlights);
    const auto refresh = [this] {
        refreshHeader();
        refreshFooter();
        if (isVisible() && !m_highlightTimer.isActive())
            m_highlightTimer.start();
    };
    connect(m_state, &InspectorState::shotChanged, this, refresh);
    connect(m_state, &InspectorState::viewChanged, this, [this, refresh] {
        chooseCapture();
        refresh();
    });
    connect(m_state, &InspectorState::hoveredChanged, this, refresh);
    connect(&controller, &app::ChatController::activityChanged, this, refresh);
    connect(&controller, &app::ChatController::cacheStatusChanged, this, &InspectorPane::refreshFooter);
    refreshHeader();
    refreshFooter();
}

InspectorPane::~InspectorPane() = default;

void InspectorPane::buildHeader() {
    auto* box = static_cast<QVBoxLayout*>(layout());
    auto* header = new QWidget;
    header->setFixedHeight(metrics::header);
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(16, 0, 16, 0);
    m_title->setFont(Theme::current().title);
    row->addWidget(m_title);
    row->addWidget(m_live, 1);
    m_pause->setAccessibleName(tr("Pause or resume the view"));
    m_pause->setToolTip(tr("Pause the view; the answer goes on (Space)"));
    connect(m_pause, &QPushButton::clicked, this,
            [this] { m_state->paused() ? m_state->resume() : m_state->pause(); });
    row->addWidget(m_pause);
    box->addWidget(header);
    box->addWidget(line());
    for (const QString& name : {tr("Cache"), tr("Heads"), tr("Token"), tr("Compare")})
        m_tabs->addTab(name);
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setAccessibleName(tr("Views of the Inspector"));
    m_tabs->setObjectName(QStringLiteral("inspectorTabs"));
    connect(m_tabs, &QTabBar::currentChanged, this, [this](int index) {
        m_pages->setCurrentIndex(index);
        chooseCapture();
        Q_EMIT m_state->shotChanged(); // the page that comes into view draws itself from this moment
    });
    box->addWidget(m_tabs);
    box->addWidget(line());
}

void InspectorPane::showTab(int index) {
    m_tabs->setCurrentIndex(index);
}

void InspectorPane::chooseCapture() {
    engine::CaptureRequest request;
    if (isVisible()) {
        request.level = engine::CaptureLevel::Mass;
        if (m_state->scope().layer >= 0) {
            request.level = engine::CaptureLevel::Rows;
            request.rowLayer = m_state->scope().layer;
        }
    }
    m_feed.setWanted(request);
}

void InspectorPane::refreshHeader() {
    const Theme& theme = Theme::current();
    QString word = tr("IDLE");
    QColor colour = theme.text3;
    if (m_state->paused()) {
        const qint64 newer = m_state->newerTokens();
        word = newer > 0 ? tr("PAUSED, %1 newer").arg(number(newer)) : tr("PAUSED");
        colour = theme.accent;
    } else if (m_controller.activity() == app::Activity::Answering) {
        word = tr("LIVE");
        colour = theme.dark ? QColor(0x3f, 0xb9, 0x50) : QColor(0x1a, 0x7f, 0x37);
    } else if (m_controller.activity() == app::Activity::Reading) {
        word = tr("READING");
    }
    m_live->setText(QStringLiteral("● ") + word);
    m_live->setStyleSheet(QStringLiteral("color: %1").arg(colour.name()));
    m_pause->setText(m_state->paused() ? tr("Live") : tr("Pause"));
    const app::TokenScalars scalars = m_feed.history().scalars(m_state->shot().position);
    m_timeValue->setText(
        scalars.known && m_state->paused()
            ? tr("token %1: %2")
                  .arg(number(m_state->shot().position), percent(static_cast<double>(scalars.sinkShare)))
            : tr("sink share, p10 to p90 of heads"));
}

void InspectorPane::keyPressEvent(QKeyEvent* event) {
    const HeadScope scope = m_state->scope();
    switch (event->key()) {
    case Qt::Key_Space:
        if (event->modifiers() & Qt::ShiftModifier)
            return toggleGeneration();
        return m_state->paused() ? m_state->resume() : m_state->pause();
    case Qt::Key_Escape:
        return m_state->resume();
    case Qt::Key_Left:
        return event->modifiers() & Qt::ControlModifier ? m_state->scrubTurn(-1) : m_state->scrubBy(-1);
    case Qt::Key_Right:
        return event->modifiers() & Qt::ControlModifier ? m_state->scrubTurn(1) : m_state->scrubBy(1);
    case Qt::Key_Home:
        return m_state->scrubTo(0);
    case Qt::Key_End:
        return m_state->resume();
    case Qt::Key_BracketLeft:
        return m_state->setScope({scope.layer - 1, scope.head});
    case Qt::Key_BracketRight:
        return m_state->setScope({scope.layer + 1, scope.head});
    case Qt::Key_BraceLeft:
        return m_state->setScope({std::max(0, scope.layer), scope.head - 1});
    case Qt::Key_BraceRight:
        return m_state->setScope({std::max(0, scope.layer), scope.head + 1});
    case Qt::Key_A:
        return m_state->setScope({});
    case Qt::Key_H:
        return m_state->setSinksHidden(!m_state->sinksHidden());
    case Qt::Key_L:
        return m_state->setScale(m_state->scale() == HeatScale::Log      ? HeatScale::Linear
                                 : m_state->scale() == HeatScale::Linear ? HeatScale::Lift
                                                                         : HeatScale::Log);
    case Qt::Key_O:
        return m_state->setOrder(m_state->order() == SlotOrder::Physical ? SlotOrder::Logical
                                                                         : SlotOrder::Physical);
    case Qt::Key_T:
        return showNumbers();
    case Qt::Key_E:
        if (event->modifiers() & Qt::ControlModifier)
            return exportView();
        break;
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void InspectorPane::showEvent(QShowEvent*) {
    chooseCapture();
    Q_EMIT m_state->shotChanged();
}

void InspectorPane::hideEvent(QHideEvent*) {
    chooseCapture();
    Q_EMIT highlightsChanged({});
}

} // namespace ui
