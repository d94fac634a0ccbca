#pragma once
#include "app/chat_controller.h"
#include "app/compare_runner.h"
#include "app/inspector_feed.h"
#include "ui/chat_view.h"
#include "ui/inspector/inspector_state.h"
#include "ui/inspector/inspector_words.h"

#include <QTimer>
#include <QWidget>

class QLabel;
class QPushButton;
class QStackedWidget;
class QTabBar;

namespace ui {

/// The right pane: the live cache and the attention on its sinks. Captures nothing while hidden. Main thread.
class InspectorPane : public QWidget {
    Q_OBJECT
public:
    explicit InspectorPane(app::ChatController& controller, QWidget* parent = nullptr);
    ~InspectorPane() override;

    InspectorState& state() { return *m_state; }
    void showTab(int index); // 0 Cache, 1 Heads, 2 Token, 3 Compare
    /// Where F6 stops in what can be seen now: the painted tables and the time strip.
    QList<QWidget*> stops() const;
    /// A place in the transcript the reader points at: what that token looked at is lit.
    void lookAt(TextPlace place);

Q_SIGNALS:
    /// What the moment's token looked at, as places in the transcript; empty: light nothing.
    void highlightsChanged(const QList<ui::Highlight>& highlights);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void changeEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void buildHeader();
    void buildTime();
    void buildFooter();
    void watch();
    bool keyOfScope(QKeyEvent* event);
    bool keyOfView(QKeyEvent* event);
    bool keyOfTime(QKeyEvent* event);
    /// Shows a sentence for a moment where the state stands, and lets it be read out.
    void say(const QString& sentence);
    void showSentence(const QString& sentence);
    void refreshState();
    InspectorFacts facts() const;
    void refreshHeader();
    void refreshFooter();
    void toggleGeneration();
    void chooseCapture();
    void updateHighlights();
    QList<Highlight> highlightsOf(const app::InspectorSnapshot& shot) const;
    std::optional<Highlight> textOf(const app::InspectedToken& token, float strength) const;
    void exportView();
    void showNumbers();
    void showHelp();

    app::ChatController& m_controller;
    app::InspectorFeed m_feed;
    app::CompareRunner m_compare;
    InspectorState* m_state;
    QTabBar* m_tabs;
    QStackedWidget* m_pages;
    QLabel *m_title, *m_live, *m_stateLine, *m_timeValue, *m_cost;
    QWidget* m_scopeBar;
    QWidget* m_time;
    QPushButton* m_pause;
    QTimer m_highlightTimer; // at most three times a second: nothing flashes
    QTimer m_saidTimer;      // while it runs, the state line shows what was said
    ViewChoices m_choices;
    QDateTime m_newest; // when the last token came
    engine::StreamPosition m_newestPosition = -1;
    bool m_changedChat = false;
    bool m_generationPaused = false;
    engine::StreamPosition m_lookedAt = -1; // a token of the transcript; -1: the newest
};

} // namespace ui
