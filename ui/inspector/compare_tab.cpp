#include "ui/inspector/compare_plot.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/painted_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace ui {

namespace {

enum Text { Story, Chat, File };
enum Preset { Standard, NoSinks, LineFeeds, Code };

constexpr int MaxTokens = 4096;

} // namespace

CompareTab::CompareTab(app::ChatController& controller, app::CompareRunner& runner, QWidget* parent)
    : QWidget(parent), m_controller(controller), m_runner(runner), m_plot(new ComparePlot(runner)),
      m_text(new QComboBox), m_preset(new QComboBox), m_capacity(new QSpinBox),
      m_recompute(new QCheckBox(tr("Also recompute (slow)"))), m_start(new QPushButton),
      m_progress(new QLabel), m_caption(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 12, 16, 12);
    box->setSpacing(8);
    m_text->setAccessibleName(tr("Text to compare on"));
    m_text->addItem(tr("The story that comes with Sumidero"), Story);
    m_text->addItem(tr("This chat"), Chat);
    m_text->addItem(tr("A text file…"), File);
    m_preset->setAccessibleName(tr("What is compared"));
    m_preset->addItem(tr("Streaming, window, dense"), Standard);
    m_preset->addItem(tr("No sink at all, one sink, four sinks"), NoSinks);
    m_preset->addItem(tr("Four line feeds as sinks"), LineFeeds);
    m_preset->addItem(tr("Code against prose"), Code);
    auto* capacity = static_cast<QSpinBox*>(m_capacity);
    capacity->setRange(32, 4096);
    capacity->setValue(256);
    capacity->setAccessibleName(tr("Tokens in the cache"));
    auto* row = new QHBoxLayout;
    auto* label = new QLabel(tr("Cache of"));
    row->addWidget(label);
    row->addWidget(capacity);
    row->addWidget(m_recompute, 1);
    m_recompute->setAccessibleName(tr("Also recompute (slow)"));
    box->addWidget(m_text);
    box->addWidget(m_preset);
    box->addLayout(row);
    auto* actions = new QHBoxLayout;
    m_start->setAccessibleName(tr("Compare or cancel"));
    actions->addWidget(m_start);
    actions->addWidget(m_progress, 1);
    box->addLayout(actions);
    box->addWidget(m_plot, 1);
    m_caption->setWordWrap(true);
    box->addWidget(m_caption);
    for (QWidget* widget : {static_cast<QWidget*>(m_caption), static_cast<QWidget*>(m_progress),
                            static_cast<QWidget*>(label), m_recompute})
        widget->setFont(Theme::current().label);
    connect(static_cast<QPushButton*>(m_start), &QPushButton::clicked, this, [this] {
        if (m_runner.running())
            m_runner.cancel();
        else
            run();
    });
    connect(m_text, &QComboBox::activated, this, [this] {
        if (m_text->currentData().toInt() == File)
            m_filePath = QFileDialog::getOpenFileName(this, tr("Text to compare on"), QString(),
                                                      tr("Text (*.txt *.md);;All files (*)"));
    });
    connect(&runner, &app::CompareRunner::changed, this, &CompareTab::refresh);
    connect(&controller, &app::ChatController::modelStateChanged, this, &CompareTab::refresh);
    refresh();
}

QString CompareTab::chosenText(QString* problem) const {
    switch (m_text->currentData().toInt()) {
    case Chat: {
        QString text;
        for (const app::Message& message : m_controller.transcript().messages())
            text += message.text + QStringLiteral("\n\n");
        if (text.size() < 400)
            *problem = tr("This chat is still too short to compare anything on.");
        return text;
    }
    case File:
        return app::readTextFile(m_filePath, problem);
    default:
        return app::readTextFile(QStringLiteral(":/texts/story.txt"), problem);
    }
}

void CompareTab::run() {
    QString problem;
    QString text = chosenText(&problem);
    const int capacity = static_cast<QSpinBox*>(m_capacity)->value();
    const bool recompute = static_cast<QCheckBox*>(m_recompute)->isChecked();
    QList<app::CompareRunner::Run> runs;
    switch (m_preset->currentData().toInt()) {
    case NoSinks:
        runs = app::sinkCountRuns(capacity);
        break;
    case LineFeeds:
        runs = app::standardRuns(4, capacity, recompute);
        text.prepend(QStringLiteral("\n\n\n\n"));
        break;
    case Code:
        runs = app::standardRuns(4, capacity, recompute);
        text = app::readTextFile(QStringLiteral(":/texts/code.txt"), &problem);
        break;
    default:
        runs = app::standardRuns(4, capacity, recompute);
    }
    if (!problem.isEmpty()) {
        m_caption->setText(problem);
        return;
    }
    m_plot->setTrainedLength(m_controller.modelState().info.trainedLength);
    m_runner.start(text, runs, MaxTokens);
}

void CompareTab::refresh() {
    auto* start = static_cast<QPushButton*>(m_start);
    start->setText(m_runner.running() ? tr("Cancel") : tr("Compare"));
    const bool ready = m_controller.modelState().phase == app::ModelState::Phase::Ready ||
                       !m_controller.modelState().info.name.empty();
    start->setEnabled(ready || m_runner.running());
    if (m_runner.running() && m_runner.tokensTotal() > 0)
        m_progress->setText(tr("%1 of %2 tokens")
                                .arg(number(static_cast<qint64>(m_runner.tokensRead())),
                                     number(static_cast<qint64>(m_runner.tokensTotal()))));
    else
        m_progress->clear();
    if (!m_runner.problem().isEmpty())
        m_caption->setText(m_runner.problem());
    else
        m_caption->setText(tr(
            "Perplexity: the lower, the better the model follows the text. The mean of the last 256 tokens, "
            "each "
            "predicted from what is in view. Every line has a cache of its own; your chat is not touched."));
}

} // namespace ui
