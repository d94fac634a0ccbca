#include "ui/inspector/inspector_pane.h"

#include "ui/inspector/cell_view.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/record_button.h"
#include "ui/inspector/time_strip.h"
#include "ui/inspector/view_controls.h"

#include <QEvent>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QStyle>
#include <QTabBar>
#include <QVBoxLayout>

namespace ui {

namespace {

constexpr int HighlightMs = 350, SaidMs = 5000;
constexpr int CompareIndex = 3;

QFrame* line() {
    auto* frame = new QFrame;
    // Coloured by the style sheet, so that it follows the theme.
    frame->setProperty("kind", QStringLiteral("line"));
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
      m_title(new QLabel(tr("Inspector"))), m_live(new QLabel), m_stateLine(new QLabel),
      m_timeValue(new QLabel), m_cost(new QLabel), m_scopeBar(new ScopeBar(*m_state)),
      m_time(new TimeStrip(*m_state)), m_pause(new QPushButton) {
    setObjectName(QStringLiteral("inspector"));
    setAccessibleName(tr("Inspector"));
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(0, 0, 0, 0);
    box->setSpacing(0);
    buildHeader();
    box->addWidget(m_scopeBar);
    m_pages->addWidget(scrolled(new CacheTab(*m_state), tr("Cache")));
    m_pages->addWidget(scrolled(new HeadsTab(*m_state), tr("Heads")));
    m_pages->addWidget(scrolled(new TokenTab(*m_state), tr("Token")));
    m_pages->addWidget(scrolled(new CompareTab(controller, m_compare), tr("Compare")));
    box->addWidget(m_pages, 1);
    buildTime();
    buildFooter();
    for (QLabel* label : {m_live, m_timeValue, m_cost, m_stateLine})
        label->setFont(Theme::current().label);
    for (QLabel* label : {m_timeValue, m_cost, m_stateLine})
        label->setProperty("kind", QStringLiteral("label"));
    m_pause->setFont(Theme::current().button);
    m_tabs->setFont(Theme::weighted(Theme::current().list, QFont::Medium));
    watch();
    m_feed.catchUp(controller.modelState().info.tokenizer, controller.engineStatus());
    refreshHeader();
    refreshFooter();
    refreshState();
}

InspectorPane::~InspectorPane() = default;

void InspectorPane::buildHeader() {
    auto* box = static_cast<QVBoxLayout*>(layout());
    auto* header = new QWidget;
    header->setFixedHeight(Theme::current().px(metrics::header));
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
        m_scopeBar->setVisible(index != CompareIndex);
        chooseCapture();
        Q_EMIT m_state->shotChanged(); // the page that comes into view draws itself from this moment
    });
    box->addWidget(m_tabs);
    box->addWidget(line());
}

void InspectorPane::buildTime() {
    auto* box = static_cast<QVBoxLayout*>(layout());
    box->addWidget(line());
    auto* time = new QVBoxLayout;
    time->setContentsMargins(16, 7, 16, 6);
    time->setSpacing(4);
    m_stateLine->setObjectName(QStringLiteral("inspectorState"));
    m_stateLine->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    time->addWidget(m_stateLine);
    auto* heading = new QHBoxLayout;
    auto* name = new QLabel(tr("Time"));
    name->setFont(Theme::weighted(Theme::current().label, QFont::DemiBold));
    heading->addWidget(name);
    heading->addStretch();
    heading->addWidget(m_timeValue);
    time->addLayout(heading);
    time->addWidget(m_time);
    box->addLayout(time);
}

void InspectorPane::buildFooter() {
    auto* box = static_cast<QVBoxLayout*>(layout());
    box->addWidget(line());
    auto* footer = new QHBoxLayout;
    footer->setContentsMargins(16, 2, 10, 2); // the words end where those above them do
    footer->setSpacing(0);
    m_cost->setToolTip(
        tr("What looking costs, as a share of the speed of writing; measured on this machine"));
    m_cost->setSizePolicy(QSizePolicy::Ignored,
                          QSizePolicy::Preferred); // the narrowest pane has no room for all of it
    footer->addWidget(m_cost, 1);
    const auto button = [&](const QString& text, const QString& tip, auto slot) {
        auto* made = new QPushButton(text);
        made->setFlat(true);
        made->setProperty("kind", QStringLiteral("footer"));
        made->setToolTip(tip);
        made->setAccessibleName(tip);
        made->setFont(Theme::current().label);
        connect(made, &QPushButton::clicked, this, slot);
        footer->addWidget(made);
    };
    button(tr("Numbers"), tr("All numbers as a table (T)"), [this] { showNumbers(); });
    button(tr("Export"), tr("Export what is seen (Ctrl+E)"), [this] { exportView(); });
    auto* record = new RecordButton(m_controller.engine());
    record->setFont(Theme::current().label);
    connect(record, &RecordButton::said, this, &InspectorPane::say);
    footer->addWidget(record);
    button(tr("Help"), tr("What these views show"), [this] { showHelp(); });
    box->addLayout(footer);
}

void InspectorPane::watch() {
    m_highlightTimer.setSingleShot(true);
    m_highlightTimer.setInterval(HighlightMs);
    connect(&m_highlightTimer, &QTimer::timeout, this, &InspectorPane::updateHighlights);
    m_saidTimer.setSingleShot(true);
    m_saidTimer.setInterval(SaidMs);
    connect(&m_saidTimer, &QTimer::timeout, this, &InspectorPane::refreshState);
    const auto refresh = [this] {
        refreshHeader();
        refreshFooter();
        refreshState();
        if (isVisible() && !m_highlightTimer.isActive())
            m_highlightTimer.start();
    };
    connect(m_state, &InspectorState::shotChanged, this, refresh);
    connect(m_state, &InspectorState::viewChanged, this, [this, refresh] {
        chooseCapture();
        if (const QString words = changeWords(m_choices, *m_state); !words.isEmpty())
            say(words);
        m_choices = ViewChoices::of(*m_state);
        refresh();
    });
    connect(m_state, &InspectorState::hoveredChanged, this, [this] {
        if (isVisible() && !m_highlightTimer.isActive())
            m_highlightTimer.start();
    });
    connect(&m_feed, &app::InspectorFeed::changed, this, [this] {
        if (m_feed.history().next() - 1 == m_newestPosition)
            return;
        m_newestPosition = m_feed.history().next() - 1;
        m_newest = QDateTime::currentDateTime();
        m_changedChat = false;
    });
    connect(&m_feed, &app::InspectorFeed::wasReset, this, [this] {
        m_changedChat = m_newestPosition >= 0;
        m_newestPosition = -1;
        m_choices = ViewChoices::of(*m_state);
    });
    connect(&m_controller, &app::ChatController::activityChanged, this, refresh);
    connect(&m_controller, &app::ChatController::modelStateChanged, this, refresh);
    connect(&m_controller, &app::ChatController::readingProgressChanged, this, &InspectorPane::refreshState);
    connect(&m_controller, &app::ChatController::cacheStatusChanged, this, &InspectorPane::refreshFooter);
}

void InspectorPane::showTab(int index) {
    m_tabs->setCurrentIndex(index);
}

QList<QWidget*> InspectorPane::stops() const {
    QList<QWidget*> stops;
    for (CellView* view : m_pages->currentWidget()->findChildren<CellView*>()) {
        if (view->isVisible())
            stops += view;
    }
    if (stops.isEmpty())
        stops += m_tabs;
    stops += m_time;
    return stops;
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
    QString word = tr("IDLE"), kind = QStringLiteral("hint");
    if (m_state->paused()) {
        const qint64 newer = m_state->newerTokens();
        word = newer > 0 ? tr("PAUSED, %1 newer").arg(number(newer)) : tr("PAUSED");
        kind = QStringLiteral("paused");
    } else if (m_controller.activity() == app::Activity::Answering) {
        word = tr("LIVE");
        kind = QStringLiteral("live");
    } else if (m_controller.activity() == app::Activity::Reading) {
        word = tr("READING");
    }
    m_live->setText(QStringLiteral("● ") + word);
    if (m_live->property("kind").toString() != kind) { // its colour comes from the style sheet
        m_live->setProperty("kind", kind);
        m_live->style()->unpolish(m_live);
        m_live->style()->polish(m_live);
    }
    m_pause->setText(m_state->paused() ? tr("Live") : tr("Pause"));
    const app::TokenScalars scalars = m_feed.history().scalars(m_state->shot().position);
    m_timeValue->setText(
        scalars.known && m_state->paused()
            ? tr("token %1: %2")
                  .arg(number(m_state->shot().position), percent(static_cast<double>(scalars.sinkShare)))
            : tr("sink share, p10 to p90 of heads"));
}

InspectorFacts InspectorPane::facts() const {
    InspectorFacts facts;
    facts.model = m_controller.modelState().info.path.empty() ? m_controller.modelState().phase
                                                              : app::ModelState::Phase::Ready;
    facts.activity = m_controller.activity();
    facts.readingProgress = m_controller.readingProgress();
    facts.readingTotal = m_controller.readingTotal();
    facts.cache = m_controller.engineStatus();
    facts.mode = m_controller.settings().cache.mode;
    facts.trainedLength = m_controller.modelState().info.trainedLength;
    facts.wanted = m_feed.wanted();
    facts.newest = m_newest;
    facts.changedChat = m_changedChat;
    return facts;
}

void InspectorPane::refreshState() {
    if (m_saidTimer.isActive())
        return;
    const QString sentence = stateWords(*m_state, facts()).sentence;
    if (sentence != m_stateLine->text())
        showSentence(sentence);
}

void InspectorPane::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) // letters of another width are cut elsewhere
        QTimer::singleShot(0, this, [this] { showSentence(m_stateLine->accessibleName()); });
}

void InspectorPane::showEvent(QShowEvent*) {
    chooseCapture();
    m_feed.catchUp(m_controller.modelState().info.tokenizer, m_controller.engineStatus());
    Q_EMIT m_state->shotChanged();
}

void InspectorPane::hideEvent(QHideEvent*) {
    chooseCapture();
    Q_EMIT highlightsChanged({});
}

} // namespace ui
