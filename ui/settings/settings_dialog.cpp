#include "ui/settings/settings_dialog.h"

#include "app/chat_controller.h"
#include "ui/parts/words.h"
#include "ui/settings/get_models_page.h"
#include "ui/settings/models_page.h"
#include "ui/settings/pages.h"
#include "ui/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QScreen>
#include <QScrollArea>
#include <QStackedWidget>

namespace ui {

SettingsDialog::SettingsDialog(app::ChatController& controller, const QList<QAction*>& actions,
                               QWidget* parent)
    : QDialog(parent), m_controller(controller), m_menu(new QListWidget(this)),
      m_stack(new QStackedWidget(this)), m_cost(new QLabel(this)), m_save(new QPushButton(tr("Save"), this)),
      m_chat(new ChatSettingsPage(controller, this)) {
    const Theme& theme = Theme::current();
    setWindowTitle(tr("Settings"));
    const QSize frame(0, 40); // of the window, about
    resize(QSize(theme.px(760), theme.px(580)).boundedTo(screen()->availableSize() - frame));
    m_menu->setProperty("kind", QStringLiteral("menu"));
    m_menu->setFont(theme.list);
    m_menu->setFixedWidth(theme.px(168));
    m_menu->setAccessibleName(tr("Pages of the settings"));
    auto* models = new ModelsPage(controller, this);
    addPage(tr("Models"), models);
    addPage(tr("Get models"), new GetModelsPage(controller, this));
    addPage(tr("Answers"), new SamplingPage(this));
    addPage(tr("Chat"), m_chat);
    addPage(tr("Memory"), new MemoryPage(this));
    addPage(tr("Appearance"), new AppearancePage(this));
    addPage(tr("Keyboard"), new ShortcutsPage(actions, this));

    auto* cancel = new QPushButton(tr("Cancel"), this);
    m_save->setProperty("kind", QStringLiteral("primary"));
    m_save->setDefault(true);
    for (QPushButton* button : {cancel, m_save}) {
        button->setFont(Theme::weighted(theme.list, QFont::Medium));
        button->setMinimumSize(theme.px(84), theme.px(32));
    }
    m_cost->setFont(theme.label);
    m_cost->setProperty("kind", QStringLiteral("label"));
    m_cost->setWordWrap(true);
    auto* line = new QFrame(this);
    line->setProperty("kind", QStringLiteral("line"));
    auto* foot = new QHBoxLayout;
    foot->setContentsMargins(24, 12, 20, 14);
    foot->setSpacing(8);
    foot->addWidget(m_cost, 1);
    foot->addWidget(cancel);
    foot->addWidget(m_save);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(m_stack, 1);
    right->addWidget(line);
    right->addLayout(foot);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_menu);
    layout->addLayout(right, 1);

    connect(m_menu, &QListWidget::currentRowChanged, m_stack, &QStackedWidget::setCurrentIndex);
    connect(models, &ModelsPage::moreWanted, this, [this] { showPage(SettingsPage::GetModels); });
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_save, &QPushButton::clicked, this, &QDialog::accept);
    connect(&controller, &app::ChatController::costKnown, this, &SettingsDialog::showCost);
    m_menu->setCurrentRow(0);
    showCost();
}

void SettingsDialog::addPage(const QString& name, SettingsPageWidget* page) {
    page->load(m_controller.settings());
    m_menu->addItem(name);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->viewport()->setAutoFillBackground(false);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    page->setAutoFillBackground(false);
    scroll->setWidget(page);
    m_stack->addWidget(scroll);
    connect(page, &SettingsPageWidget::edited, this, &SettingsDialog::showCost);
}

SettingsPageWidget* SettingsDialog::page(SettingsPage page) const {
    const auto* scroll = qobject_cast<QScrollArea*>(m_stack->widget(static_cast<int>(page)));
    return scroll ? qobject_cast<SettingsPageWidget*>(scroll->widget()) : nullptr;
}

void SettingsDialog::showPage(SettingsPage page) {
    m_menu->setCurrentRow(static_cast<int>(page));
}

app::Settings SettingsDialog::edited() const {
    app::Settings settings = m_controller.settings(); // the model page changes it while the dialog is open
    for (int index = 0; index < m_stack->count(); ++index)
        page(static_cast<SettingsPage>(index))->store(settings);
    return settings;
}

void SettingsDialog::showCost() {
    const app::Settings settings = edited();
    const bool changed = settings != m_controller.settings() || m_chat->systemPromptChanged();
    const QString prompt = m_chat->systemPromptChanged() ? m_chat->chatSystemPrompt()
                                                         : m_controller.currentSummary().systemPrompt;
    m_cost->setText(changed ? words::rereadSentence(m_controller.rereadCost(settings, prompt)) : QString());
    m_save->setEnabled(changed && isUnderstood());
}

bool SettingsDialog::isUnderstood() const {
    for (int index = 0; index < m_stack->count(); ++index)
        if (!page(static_cast<SettingsPage>(index))->isUnderstood())
            return false;
    return true;
}

void SettingsDialog::accept() {
    const app::Settings settings = edited();
    if (m_chat->systemPromptChanged())
        m_controller.setChatSystemPrompt(m_chat->chatSystemPrompt());
    if (settings != m_controller.settings())
        m_controller.applySettings(settings);
    QDialog::accept();
}

} // namespace ui
