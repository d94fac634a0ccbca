// What the controller tells, shown.
#include "app/chat_controller.h"
#include "ui/chat_view.h"
#include "ui/main_window.h"
#include "ui/page/banner.h"
#include "ui/page/cache_meter.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/header.h"
#include "ui/parts/tabular.h"
#include "ui/parts/words.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/chat_list.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"
#include "ui/window/panes.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDesktopServices>
#include <QMessageBox>
#include <QPushButton>
#include <QToolButton>
#include <QUrl>

namespace ui {

using app::ChatController;
using Tone = BannerText::Tone;

namespace {

const QString deletedKey = QStringLiteral("deleted"), modelKey = QStringLiteral("model"),
              readOnlyKey = QStringLiteral("read-only"), interruptedKey = QStringLiteral("interrupted"),
              noticeKey = QStringLiteral("notice"), unsavedKey = QStringLiteral("unsaved"),
              linkKey = QStringLiteral("link"), waitingKey = QStringLiteral("waiting"),
              unansweredKey = QStringLiteral("unanswered");

Theme themeFor(const app::Settings& settings) {
    const bool dark =
        settings.theme == app::Theme::Dark || (settings.theme == app::Theme::System && Theme::systemIsDark());
    const qreal size = settings.textSize / 100.0;
    return dark ? Theme::darkTheme(size) : Theme::lightTheme(size);
}

} // namespace

void MainWindow::connectController() {
    connect(&m_controller, &ChatController::started, this, [this] {
        showSettings();
        showChats();
        showModel();
        showTranscriptState();
        showStatus();
    });
    connect(&m_controller, &ChatController::chatsChanged, this, &MainWindow::showChats);
    connect(&m_controller, &ChatController::chatChosen, this, &MainWindow::showChosenChat);
    connect(&m_controller, &ChatController::chatOpened, this, [this] {
        showOpenedChat();
        m_page->composer()->sendWhatWaits();
    });
    connect(&m_controller, &ChatController::chatDeleted, this, &MainWindow::showDeleted);
    connect(&m_controller, &ChatController::messagesDeleted, this, &MainWindow::showDeletedMessages);
    connect(&m_controller, &ChatController::searchFinished, m_side, &SidePane::showHits);
    connect(&m_controller, &ChatController::activityChanged, this, [this] {
        showActivity();
        m_page->composer()->sendWhatWaits();
    });
    connect(&m_controller, &ChatController::busyChanged, this, &MainWindow::showBusy);
    connect(&m_controller, &ChatController::modelStateChanged, this, [this] {
        showModel();
        m_page->composer()->sendWhatWaits();
    });
    connect(&m_controller, &ChatController::settingsChanged, this, &MainWindow::showSettings);
    connect(&m_controller, &ChatController::answerStored, this, [this] {
        if (m_controller.unsavedTurns() == 0 && std::exchange(m_toldOfLoss, false))
            m_page->banners()->dismiss(unsavedKey);
    });
    connect(&m_controller, &ChatController::writableChanged, this, &MainWindow::showWritable);
    connect(&m_controller, &ChatController::notice, this, &MainWindow::showNotice);
    connect(&m_controller, &ChatController::alreadyHere, this, &MainWindow::showAlreadyHere);
    connect(&m_controller, &ChatController::exportFinished, this, [this](const QString& path) {
        const QString folder = QUrl::fromLocalFile(path).adjusted(QUrl::RemoveFilename).toLocalFile();
        m_page->banners()->show({Tone::Note,
                                 noticeKey,
                                 tr("Saved as %1.").arg(path),
                                 tr("Open folder"),
                                 [folder] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder)); },
                                 {}});
    });
    const auto statusSoon = [this] {
        if (!m_statusDelay.isActive())
            m_statusDelay.start();
    };
    connect(&m_controller, &ChatController::cacheStatusChanged, this, statusSoon);
    connect(&m_controller, &ChatController::readingProgressChanged, this, statusSoon);
    const app::TranscriptModel* transcript = &m_controller.transcript();
    connect(transcript, &app::TranscriptModel::wasReset, this, &MainWindow::showTranscriptState);
    connect(transcript, &app::TranscriptModel::prepended, this, &MainWindow::goToWantedMessage);
    connect(transcript, &app::TranscriptModel::appended, this, &MainWindow::showTranscriptState);
    connect(transcript, &app::TranscriptModel::truncated, this, &MainWindow::showTranscriptState);
    connect(transcript, &app::TranscriptModel::changed, this, &MainWindow::showTranscriptState);
    connect(transcript, &app::TranscriptModel::horizonMoved, this, &MainWindow::showTranscriptState);
}

/// The chats may be written now, or be read at least.
void MainWindow::showWritable() {
    if (!m_controller.isReadOnly())
        m_page->banners()->dismiss(readOnlyKey);
    m_toldOfLoss = false;
    m_page->banners()->dismiss(unsavedKey);
    showModel();
    showChats();
    showTranscriptState();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    saveDraftNow();
    if (m_controller.unsavedTurns() == 0 || std::exchange(m_toldOfLoss, true)) {
        QMainWindow::closeEvent(event);
        return;
    }
    event->ignore();
    m_page->banners()->show({Tone::Problem,
                             unsavedKey,
                             tr("What was said last is not on the disk yet. Free some space and it is saved. "
                                "Close again to leave without it."),
                             tr("Try again"),
                             [this] { m_controller.trySaving(); },
                             {},
                             true});
    m_controller.trySaving();
}

void MainWindow::showChats() {
    m_side->setChats(m_controller.chats());
    m_side->setCurrentChat(m_controller.currentChat());
    const app::ChatSummary chat = m_controller.currentSummary();
    const bool stored = chat.id != 0;
    const QString title = stored && !chat.title.isEmpty() ? chat.title : tr("New chat");
    m_page->header()->title()->setTitle(title, stored && !m_controller.isReadOnly());
    setWindowTitle(tr("%1 — Sumidero", "name of a chat").arg(words::inSentence(title)));
    for (QAction* action : m_actions->ofStoredChat())
        action->setEnabled(stored);
    m_page->header()->exportButton()->setEnabled(stored);
    for (QAction* action : {m_actions->rename, m_actions->remove})
        action->setEnabled(!m_controller.chats().isEmpty() && !m_controller.isReadOnly());
    m_actions->import->setEnabled(!m_controller.isReadOnly());
    m_page->composer()->setPrompt(chat.systemPrompt.isEmpty() ? tr("Assistant") : tr("Own instructions"));
}

/// Its messages may take a moment, its field does not.
void MainWindow::showChosenChat() {
    for (const char* key : {"interrupted", "link", "edit-cancelled"})
        m_page->banners()->dismiss(QLatin1String(key));
    showDraft();
    showChats();
    showModel();
    showBusy();
    m_page->holdPicture();
}

void MainWindow::showOpenedChat() {
    showChats();
    showActivity();
    m_page->showPicture();
    m_page->view()->scrollToEnd();
    goToWantedMessage();
    const auto& messages = m_controller.transcript().messages();
    const bool interrupted = !messages.isEmpty() && messages.last().state == app::MessageState::Interrupted;
    if (interrupted && m_controller.canContinue())
        m_page->banners()->show({Tone::Note,
                                 interruptedKey,
                                 tr("The last answer was interrupted."),
                                 tr("Continue"),
                                 [this] { m_controller.continueAnswer(); },
                                 {}});
    if (m_controller.isReadOnly())
        m_page->banners()->show(
            {Tone::Note, readOnlyKey, tr("These chats can be read but not changed."), {}, {}, {}});
}

void MainWindow::showDeleted(app::ChatId chat, const QString& title) {
    m_page->banners()->show({Tone::Note,
                             deletedKey,
                             tr("“%1” was deleted.").arg(words::inSentence(title)),
                             tr("Undo"),
                             [this, chat] { m_controller.undoDelete(chat); },
                             {}});
}

void MainWindow::showActivity() {
    const bool busy = m_controller.activity() != app::Activity::Idle;
    m_page->view()->setAnswering(busy);
    m_actions->stop->setEnabled(busy);
    if (busy)
        m_page->banners()->dismiss(interruptedKey);
    showTranscriptState();
    showBusy();
    showModel();
}

/// Who is being answered: in the list, and above the field while this chat waits for another.
void MainWindow::showBusy() {
    m_side->list()->chats()->setBusy(m_controller.busy());
    showStatus();
    const app::ChatId other = m_controller.waitsFor();
    if (other == m_waitsFor)
        return;
    m_waitsFor = other;
    if (other == 0) {
        m_page->banners()->dismiss(waitingKey);
        return;
    }
    m_page->banners()->show(
        {Tone::Note,
         waitingKey,
         tr("The answer in “%1” is finished first.").arg(words::inSentence(titleOf(other))),
         tr("Go there"),
         [this, other] { openChat(other, 0); },
         {},
         true,
         tr("Stop it"),
         [this, other] { m_controller.stopChat(other); }});
}

void MainWindow::showStatus() {
    const engine::CacheStatus cache = m_controller.cacheStatus();
    QString status =
        m_controller.isPreparing() ? words::preparing(m_controller.readingProgress())
        : m_controller.waitsFor() != 0
            ? tr("Waits for the answer in “%1”").arg(words::inSentence(titleOf(m_controller.waitsFor())))
            : words::status(m_controller.activity(), cache, m_controller.readingProgress(),
                            m_controller.readingTotal());
    if (const auto& name = m_controller.modelState().info.name; !name.empty() && !status.isEmpty())
        status.prepend(QString::fromStdString(name).section(QLatin1Char(' '), 0, 1) + QStringLiteral(" · "));
    m_page->statusLine()->setText(status);
    m_page->header()->meter()->setStatus(cache);
    m_page->composer()->setMemory(words::memoryChip(m_controller.settings(), cache));
}

/// The message that was found by a search; in a long chat it may come later than the newest ones.
void MainWindow::goToWantedMessage() {
    const app::TranscriptModel& transcript = m_controller.transcript();
    if (m_messageToShow == 0)
        return;
    const bool isHere = transcript.rowOf(m_messageToShow) >= 0;
    if (isHere)
        m_page->view()->scrollToMessage(m_messageToShow);
    if (isHere || transcript.isWhole())
        m_messageToShow = 0;
}

void MainWindow::showModel() {
    using Phase = app::ModelState::Phase;
    const app::ModelState& model = m_controller.modelState();
    m_side->modelCard()->setState(model);
    if (model.phase != Phase::Loading && !model.problem.isEmpty())
        m_page->banners()->show({Tone::Problem,
                                 modelKey,
                                 model.problem,
                                 tr("Choose a model"),
                                 [this] { openSettings(SettingsPage::Models); },
                                 {}});
    else
        m_page->banners()->dismiss(modelKey);
    Composer* composer = m_page->composer();
    if (m_controller.isReadOnly())
        composer->setState(Composer::State::Blocked, tr("These chats can only be read"));
    else if (m_controller.activity() != app::Activity::Idle)
        composer->setState(Composer::State::Answering);
    else if (m_controller.isOpening())
        composer->setState(Composer::State::Loading, tr("Goes out when the chat is open"));
    else if (model.phase == Phase::Loading)
        composer->setState(Composer::State::Loading);
    else if (model.info.path.empty())
        composer->setState(Composer::State::Blocked, tr("Choose a model first"));
    else
        composer->setState(Composer::State::Ready);
}

void MainWindow::showSettings() {
    const Theme wanted = themeFor(m_controller.settings());
    if (wanted.dark != Theme::current().dark || wanted.scale != Theme::current().scale ||
        qApp->styleSheet().isEmpty())
        Theme::apply(wanted);
    showInspector(m_controller.settings().inspectorVisible && m_actions->inspector->isEnabled());
    showStatus();
}

void MainWindow::showTranscriptState() {
    const app::TranscriptModel& transcript = m_controller.transcript();
    const bool idle = m_controller.activity() == app::Activity::Idle;
    const bool any = transcript.count() > 0;
    const bool answered = any && transcript.messages().last().role == app::Role::Assistant;
    const bool writable = !m_controller.isReadOnly();
    m_page->setEmpty(!any && !m_controller.isOpening());
    m_page->view()->setCanContinue(idle && m_controller.canContinue());
    m_actions->regenerate->setEnabled(idle && answered && writable);
    m_actions->continueAnswer->setEnabled(idle && m_controller.canContinue() && writable);
    m_actions->copyAnswer->setEnabled(answered);
    m_actions->findInChat->setEnabled(any);
    m_actions->goToHorizon->setEnabled(transcript.horizonRow() >= 0);
    showUnanswered();
}

/// A chat that ends with a question offers to have it answered.
void MainWindow::showUnanswered() {
    const auto& messages = m_controller.transcript().messages();
    const bool open = !messages.isEmpty() && messages.last().role == app::Role::User &&
                      m_controller.canContinue() && !m_controller.isReadOnly();
    const app::MessageId question = open ? messages.last().id : 0;
    if (question == m_unanswered)
        return;
    m_unanswered = question;
    if (open)
        m_page->banners()->show({Tone::Note,
                                 unansweredKey,
                                 tr("The last question has no answer."),
                                 tr("Answer it"),
                                 [this] { m_controller.continueAnswer(); },
                                 {}});
    else
        m_page->banners()->dismiss(unansweredKey);
}

void MainWindow::showNotice(const QString& sentence, app::NoticeAction action) {
    if (sentence == m_controller.modelState().problem)
        return; // it has its own banner, with an action
    BannerText banner{Tone::Note, noticeKey, sentence, {}, {}, {}};
    switch (action) {
    case app::NoticeAction::None:
        break;
    case app::NoticeAction::ChooseModel:
        banner.action = tr("Choose a model");
        banner.run = [this] { openSettings(SettingsPage::Models); };
        break;
    case app::NoticeAction::UseStreaming:
        banner.action = tr("Use streaming");
        banner.run = [this] {
            app::Settings settings = m_controller.settings();
            settings.cache.mode = engine::CacheMode::Streaming;
            m_controller.applySettings(settings);
        };
        break;
    }
    m_page->banners()->show(banner);
}

void MainWindow::askForLink(const QString& url) {
    m_page->banners()->show({Tone::Note,
                             linkKey,
                             tr("Open %1 in the browser?").arg(url),
                             tr("Open"),
                             [url] { QDesktopServices::openUrl(QUrl(url)); },
                             {}});
}

void MainWindow::openSettings(SettingsPage page) {
    if (!m_settings) {
        m_settings = new SettingsDialog(m_controller, m_actions->all(), this);
        m_settings->setAttribute(Qt::WA_DeleteOnClose);
    }
    m_settings->showPage(page);
    m_settings->open();
}

SettingsDialog* MainWindow::settingsDialog() const {
    return m_settings;
}

void MainWindow::showAbout() {
    QMessageBox::about(
        this, tr("About Sumidero"),
        tr("Sumidero %1\n\nA desktop assistant whose chats never have to be reset. Everything stays on "
           "this computer.")
            .arg(QStringLiteral(SUMIDERO_VERSION)));
}

void MainWindow::changeEvent(QEvent* event) {
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::ThemeChange && m_controller.settings().theme == app::Theme::System)
        showSettings();
}

} // namespace ui
