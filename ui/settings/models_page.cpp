#include "ui/settings/models_page.h"

#include "app/chat_controller.h"
#include "app/devices.h"
#include "ui/parts/icons.h"
#include "ui/parts/number_field.h"
#include "ui/parts/steady_list.h"
#include "ui/parts/words.h"
#include "ui/settings/device_box.h"
#include "ui/settings/model_delegate.h"
#include "ui/theme.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>

#include <algorithm>

namespace ui {

using Phase = app::ModelState::Phase;

ModelsPage::ModelsPage(app::ChatController& controller, QWidget* parent)
    : SettingsPageWidget(
          tr("Models"),
          tr("Files in the GGUF format that were found on this computer. Nothing is sent anywhere."), parent),
      m_controller(controller), m_models(new ModelListModel(this)),
      m_list(new SteadyList(ModelListModel::PathRole, this)), m_state(makeHint({}, this)),
      m_progress(new QProgressBar(this)), m_cancel(new QPushButton(tr("Cancel loading"), this)),
      m_use(new QPushButton(tr("Use this model"), this)), m_folders(new QVBoxLayout),
      m_threads(new NumberField(0, 0, app::mostThreads(), this)),
      m_device(new DeviceBox(controller.devices(), this)), m_deviceState(makeHint({}, this)) {
    const Theme& theme = Theme::current();
    m_list->setModel(m_models);
    m_list->setItemDelegate(new ModelDelegate(m_list));
    m_list->setResizeMode(QListView::Adjust); // sentences wrap, so heights depend on the width
    m_list->setMinimumHeight(theme.px(180));
    m_list->setAccessibleName(tr("Models on this computer"));
    m_progress->setRange(0, 1000);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Loading"));
    auto* folder = new QPushButton(tr("Add folder…"), this);
    auto* again = new QPushButton(tr("Look again"), this);
    auto* more = new QPushButton(tr("Get models…"), this);
    for (QPushButton* button : {more, folder, again, m_cancel, m_use}) {
        button->setFont(Theme::weighted(theme.label, QFont::Medium));
        button->setAccessibleName(button->text());
        button->setAutoDefault(false);
    }
    m_use->setProperty("kind", QStringLiteral("primary"));
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    for (QPushButton* button : {more, folder, again})
        buttons->addWidget(button);
    buttons->addStretch(1);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_use);
    body()->addWidget(m_list, 1);
    body()->addSpacing(4);
    body()->addWidget(m_state);
    body()->addWidget(m_progress);
    body()->addSpacing(4);
    body()->addLayout(buttons);
    m_folders->setSpacing(0);
    body()->addLayout(m_folders);
    body()->addSpacing(8);
    m_threads->setSpecialValueText(tr("Automatic"));
    m_threads->setFixedWidth(theme.px(160));
    addField(
        Place::Beside, tr("Threads"), m_threads,
        tr("Processor cores that the model may use. Automatic: all physical ones. A change loads the model "
           "again."));

    addField(
        Place::Beside, tr("Device"), m_device,
        tr("Where the model runs. Automatic: a graphics card that has room for it, else the CPU. Graphics "
           "cards are new here and little tested. A change loads the model again."));
    body()->addWidget(m_deviceState);

    connect(m_device, &QComboBox::currentIndexChanged, this, &SettingsPageWidget::edited);
    connect(&m_controller.devices(), &app::Devices::changed, this, &ModelsPage::showDevice);
    connect(more, &QPushButton::clicked, this, &ModelsPage::moreWanted);
    connect(folder, &QPushButton::clicked, this, &ModelsPage::chooseFolder);
    connect(again, &QPushButton::clicked, this,
            [this] { m_controller.library().refresh(m_controller.settings().modelFolders); });
    connect(m_use, &QPushButton::clicked, this, &ModelsPage::use);
    connect(m_list, &QListView::doubleClicked, this, &ModelsPage::use);
    connect(m_cancel, &QPushButton::clicked, &m_controller, &app::ChatController::cancelLoading);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &ModelsPage::showState);
    connect(&m_controller.library(), &app::ModelLibrary::changed, this, &ModelsPage::showModels);
    connect(&m_controller, &app::ChatController::modelStateChanged, this, [this] {
        if (m_controller.modelState().phase != Phase::Loading)
            showModels(); // another one may be in use now
        showState();
        showDevice();
    });
    connect(&m_controller, &app::ChatController::settingsChanged, this, &ModelsPage::showFolders);
    connect(&m_controller, &app::ChatController::costKnown, this, &ModelsPage::showState);
    showModels();
    showFolders();
    showDevice();
}

void ModelsPage::load(const app::Settings& settings) {
    m_threads->setMaximum(std::max<double>(m_threads->maximum(), settings.threads)); // from another machine
    m_threads->setValue(settings.threads);
    m_device->choose(settings.device);
}

void ModelsPage::store(app::Settings& settings) const {
    settings.threads = m_threads->whole();
    settings.device = m_device->device();
}

QString ModelsPage::selectedPath() const {
    return m_list->currentIndex().data(ModelListModel::PathRole).toString();
}

void ModelsPage::showModels() {
    const QString inUse = QString::fromStdString(m_controller.modelState().info.path.string());
    m_list->replaceRows([this, inUse] {
        m_models->setModels(m_controller.library().models(), inUse);
        if (!m_list->currentIndex().isValid())
            m_list->setCurrentIndex(m_models->indexOf(inUse));
        showState();
    });
}

void ModelsPage::showState() {
    const app::ModelState& model = m_controller.modelState();
    const bool loading = model.phase == Phase::Loading;
    m_progress->setVisible(loading);
    m_cancel->setVisible(loading);
    m_progress->setValue(qRound(model.progress * 1000));
    const QModelIndex index = m_list->currentIndex();
    const bool usable = index.isValid() && index.data(ModelListModel::ProblemRole).toString().isEmpty() &&
                        !index.data(ModelListModel::InUseRole).toBool();
    m_use->setEnabled(usable && !loading);
    m_state->setProperty("kind", QStringLiteral("hint"));
    if (loading) {
        m_state->setText(tr("Loading %1…").arg(model.loadingName));
    } else if (!model.problem.isEmpty()) {
        m_state->setProperty("kind", QStringLiteral("problem"));
        m_state->setText(model.info.path.empty()
                             ? model.problem
                             : tr("%1 The model in use has not changed.").arg(model.problem));
    } else if (usable) {
        m_state->setText(
            tr("This chat is kept. %1").arg(words::rereadSentence(m_controller.switchCost(selectedPath()))));
    } else if (m_models->rowCount() == 0) {
        m_state->setText(m_controller.library().isSearching()
                             ? tr("Looking for models…")
                             : tr("No model was found. Add a folder that has one."));
    } else {
        m_state->setText(QString());
    }
    m_state->style()->unpolish(m_state); // the style sheet looks at "kind" when a widget is polished
    m_state->style()->polish(m_state);
}

/// What is in use, why it is not what was chosen, and why there is nothing else to choose.
void ModelsPage::showDevice() {
    const app::ModelState& model = m_controller.modelState();
    QStringList sentences;
    if (!model.info.device.empty())
        sentences += tr("In use: %1.").arg(QString::fromStdString(model.info.device));
    for (const QString& problem : {model.deviceProblem, m_controller.devices().problem()})
        if (!problem.isEmpty())
            sentences += problem;
    m_deviceState->setText(sentences.join(u' '));
}

void ModelsPage::showFolders() {
    while (QLayoutItem* item = m_folders->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const QString& folder : m_controller.settings().modelFolders) {
        auto* row = new QWidget(this);
        auto* layout = new QHBoxLayout(row);
        layout->setContentsMargins(0, 2, 0, 0);
        auto* remove = new QToolButton(row);
        remove->setProperty("kind", QStringLiteral("icon"));
        remove->setIcon(icon(QStringLiteral("close")));
        remove->setFocusPolicy(Qt::StrongFocus);
        remove->setToolTip(tr("No longer look there"));
        remove->setAccessibleName(tr("No longer look in %1").arg(folder));
        connect(
            remove, &QToolButton::clicked, this, [this, folder] { removeFolder(folder); },
            Qt::QueuedConnection);
        auto* name = makeHint(tr("Also looks in %1").arg(folder), row);
        layout->addWidget(name, 1);
        layout->addWidget(remove);
        m_folders->addWidget(row);
    }
}

void ModelsPage::chooseFolder() {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Folder with models"));
    if (!folder.isEmpty())
        addFolder(folder);
}

void ModelsPage::addFolder(const QString& folder) {
    app::Settings settings = m_controller.settings();
    if (settings.modelFolders.contains(folder))
        return;
    settings.modelFolders += folder;
    m_controller.applySettings(settings); // the library looks there, too
}

void ModelsPage::removeFolder(const QString& folder) {
    app::Settings settings = m_controller.settings();
    settings.modelFolders.removeAll(folder);
    m_controller.applySettings(settings); // the library looks there, too
}

void ModelsPage::use() {
    if (m_use->isEnabled())
        m_controller.loadModel(selectedPath());
}

} // namespace ui
