#include "ui/inspector/compare_plot.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/painted_view.h"
#include "ui/parts/choice_box.h"
#include "ui/parts/number_field.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace ui {

namespace {

/// What stands behind an entry of the list of texts: the id of a chat, or one of these.
constexpr qint64 Story = -1, ThisChat = -2, File = -3;
constexpr int MostChats = 40;
constexpr int MaxTokens = 4096, ShortestText = 400;

} // namespace

CompareTab::CompareTab(app::ChatController& controller, app::CompareRunner& runner, QWidget* parent)
    : QWidget(parent), m_controller(controller), m_runner(runner), m_presets(app::comparePresets()),
      m_plot(new ComparePlot(runner)), m_text(new ChoiceBox), m_capacity(new NumberField(0, 32, 4096)),
      m_recompute(new QCheckBox(tr("Recompute, too (slow)"))), m_cancel(new QPushButton(tr("Cancel"))),
      m_progress(new QLabel), m_caption(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 10, 16, 8);
    box->setSpacing(8);
    box->addWidget(makeText());
    box->addWidget(makePresets());
    auto* under = new QHBoxLayout;
    m_cancel->setProperty("kind", QStringLiteral("link"));
    under->addWidget(m_recompute);
    under->addStretch(1);
    under->addWidget(m_progress);
    under->addWidget(m_cancel);
    box->addLayout(under);
    box->addWidget(m_plot, 1);
    m_caption->setWordWrap(true);
    m_caption->setObjectName(QStringLiteral("compareCaption"));
    box->addWidget(m_caption);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_caption, m_progress, m_recompute, m_cancel})
        widget->setFont(Theme::current().label);
    for (QLabel* label : {m_caption, m_progress})
        label->setProperty("kind", QStringLiteral("label"));
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_runner.cancel(); });
    connect(&runner, &app::CompareRunner::changed, this, &CompareTab::refresh);
    connect(&controller, &app::ChatController::modelStateChanged, this, &CompareTab::refresh);
    connect(&controller, &app::ChatController::chatsChanged, this, &CompareTab::fillTexts);
    fillTexts();
    refresh();
}

QWidget* CompareTab::makeText() {
    auto* line = new QWidget;
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_text->setAccessibleName(tr("Text to compare on"));
    m_text->setToolTip(tr("The text that is read: the story that comes with Sumidero, a chat, or a file"));
    m_text->setProperty("kind", QStringLiteral("chip"));
    m_text->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_text->setMinimumContentsLength(12);
    m_text->setFont(Theme::current().label);
    connect(m_text, &QComboBox::activated, this, &CompareTab::textChosen);
    auto* label = new QLabel(tr("Cache of"));
    label->setFont(Theme::current().label);
    label->setProperty("kind", QStringLiteral("label"));
    m_capacity->setValue(256);
    m_capacity->setAccessibleName(tr("Tokens in the cache"));
    connect(m_capacity, &NumberField::refused, this, [this](const QString& sentence) {
        m_problem = sentence;
        refresh();
    });
    row->addWidget(m_text, 1);
    row->addWidget(label);
    row->addWidget(m_capacity);
    return line;
}

QWidget* CompareTab::makePresets() {
    auto* area = new QWidget;
    auto* grid = new QGridLayout(area);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(6);
    for (int preset = 0; preset < m_presets.size(); ++preset) {
        auto* button = new QPushButton(m_presets.at(preset).name);
        button->setCheckable(true);
        button->setToolTip(m_presets.at(preset).purpose);
        button->setAccessibleDescription(m_presets.at(preset).purpose);
        button->setFont(Theme::current().button);
        connect(button, &QPushButton::clicked, this, [this, preset] { press(preset); });
        grid->addWidget(button, preset / 2, preset % 2);
        m_buttons.append(button);
    }
    return area;
}

void CompareTab::fillTexts() {
    const QVariant chosen = m_text->currentData();
    const QSignalBlocker quiet(m_text);
    m_text->clear();
    m_text->addItem(tr("The built-in story"), Story);
    m_text->addItem(tr("This chat"), ThisChat);
    m_text->addItem(m_filePath.isEmpty() ? tr("A text file…") : QFileInfo(m_filePath).fileName(), File);
    int added = 0;
    for (const app::ChatSummary& chat : m_controller.chats()) {
        if (++added <= MostChats)
            m_text->addItem(tr("Chat: %1").arg(chat.title), static_cast<qint64>(chat.id));
    }
    m_text->setCurrentIndex(std::max(0, m_text->findData(chosen)));
}

void CompareTab::textChosen() {
    if (m_text->currentData().toLongLong() != File)
        return;
    const QString path = QFileDialog::getOpenFileName(this, tr("Text to compare on"), QString(),
                                                      tr("Text (*.txt *.md);;All files (*)"));
    if (path.isEmpty()) {
        m_text->setCurrentIndex(0);
        return;
    }
    m_filePath = path;
    m_text->setItemText(m_text->currentIndex(), QFileInfo(path).fileName());
}

void CompareTab::press(int preset) {
    m_problem.clear();
    const qint64 source = m_text->currentData().toLongLong();
    if (!m_presets.at(preset).onOwnText)
        return run(preset, QString());
    switch (source) {
    case Story:
        return run(preset, app::readTextFile(QStringLiteral(":/texts/story.txt"), &m_problem));
    case File:
        return run(preset, app::readTextFile(m_filePath, &m_problem));
    case ThisChat: {
        QString text;
        for (const app::Message& message : m_controller.transcript().messages())
            text += message.text + QStringLiteral("\n\n");
        return run(preset, text);
    }
    default:
        m_controller.readChat(source, this, [this, preset](const QString& text) { run(preset, text); });
    }
}

void CompareTab::run(int preset, const QString& text) {
    const app::ComparePreset& chosen = m_presets.at(preset);
    if (m_problem.isEmpty() && chosen.onOwnText && text.size() < ShortestText)
        m_problem = tr("This text is still too short to compare anything on.");
    const auto runs = app::presetRuns(chosen.kind, m_capacity->whole(), m_recompute->isChecked(), &m_problem);
    if (m_problem.isEmpty()) {
        m_preset = preset;
        m_plot->setTrainedLength(m_controller.modelState().info.trainedLength);
        m_runner.start(text, runs, MaxTokens);
    }
    refresh();
}

QString CompareTab::caption() const {
    if (!m_problem.isEmpty())
        return m_problem;
    if (!m_runner.problem().isEmpty())
        return m_runner.problem();
    if (m_preset < 0)
        return tr("Press one of them. Each line of the picture reads the text with a cache of its own; your "
                  "chat is not "
                  "touched. Perplexity: the lower, the better the model follows.");
    const app::ComparePreset& preset = m_presets.at(m_preset);
    const QString verdict = app::presetVerdict(preset.kind, m_runner.curves());
    return verdict.isEmpty() ? preset.purpose : preset.purpose + QLatin1Char('\n') + verdict;
}

void CompareTab::refresh() {
    const bool ready = m_controller.modelState().phase == app::ModelState::Phase::Ready ||
                       !m_controller.modelState().info.name.empty();
    for (int preset = 0; preset < m_buttons.size(); ++preset) {
        m_buttons.at(preset)->setEnabled(ready);
        m_buttons.at(preset)->setChecked(preset == m_preset);
    }
    m_cancel->setVisible(m_runner.running());
    m_recompute->setVisible(!m_runner.running());
    if (m_runner.running() && m_runner.tokensTotal() > 0)
        m_progress->setText(tr("%1 of %2 tokens")
                                .arg(number(static_cast<qint64>(m_runner.tokensRead())),
                                     number(static_cast<qint64>(m_runner.tokensTotal()))));
    else
        m_progress->setText(m_runner.running() ? tr("Waiting …") : QString());
    m_caption->setText(caption());
}

} // namespace ui
