#include "ui/main_window.h"

#include "app/chat_controller.h"
#include "ui/chat_view.h"
#include "ui/page/banner.h"
#include "ui/page/cache_meter.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/empty_state.h"
#include "ui/page/find_bar.h"
#include "ui/page/header.h"
#include "ui/settings/settings_dialog.h"
#include "ui/side/chat_list.h"
#include "ui/side/model_card.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"
#include "ui/window/actions.h"
#include "ui/window/panes.h"

#include <QClipboard>
#include <QCloseEvent>
#include <QGuiApplication>
#include <QLineEdit>
#include <QPushButton>
#include <QToolButton>

namespace ui {

namespace {

constexpr int statusDelayMs = 100;

} // namespace

MainWindow::MainWindow(app::ChatController& controller, QWidget* parent)
    : QMainWindow(parent), m_controller(controller), m_actions(std::make_unique<Actions>(this)),
      m_side(new SidePane), m_page(new ChatPage), m_panes(new Panes(m_side, m_page, this)) {
    setWindowIcon(QIcon(QStringLiteral(":/sumidero.svg")));
    setCentralWidget(m_panes);
    setMinimumSize(480, 420);
    resize(1280, 800);
    m_page->view()->setModel(&controller.transcript());
    m_statusDelay.setSingleShot(true);
    m_statusDelay.setInterval(statusDelayMs);
    connect(&m_statusDelay, &QTimer::timeout, this, &MainWindow::showStatus);
    connectSide();
    connectPage();
    connectWriting();
    connectView();
    connectActions();
    connectController();
    connectOffer();
    showSettings();
    showChats();
    showModel();
    showActivity();
    showTranscriptState();
    showArrangement();
    m_page->composer()->edit()->setFocus();
}

MainWindow::~MainWindow() = default;

void MainWindow::connectSide() {
    connect(m_side->newChatButton(), &QAbstractButton::clicked, m_actions->newChat, &QAction::trigger);
    connect(m_side, &SidePane::searchRequested, &m_controller, &app::ChatController::search);
    connect(m_side, &SidePane::openRequested, this, &MainWindow::openChat);
    connect(m_side->list()->chats(), &ChatListModel::renameRequested, &m_controller,
            &app::ChatController::renameChat);
    connect(m_side->list(), &ChatList::deleteRequested, &m_controller, &app::ChatController::deleteChat);
    connect(m_side->list(), &ChatList::menuRequested, this, &MainWindow::showChatMenu);
    connect(m_side->modelCard(), &QAbstractButton::clicked, this,
            [this] { openSettings(SettingsPage::Models); });
    connect(m_side->modelCard(), &ModelCard::cancelRequested, &m_controller,
            &app::ChatController::cancelLoading);
}

void MainWindow::connectPage() {
    Header* header = m_page->header();
    header->exportButton()->setMenu(m_actions->exportMenu);
    header->menuButton()->setMenu(m_actions->mainMenu);
    header->listButton()->setToolTip(Actions::tip(m_actions->chatList));
    header->listButton()->setAccessibleName(m_actions->chatList->text());
    connect(header->listButton(), &QToolButton::clicked, m_actions->chatList, &QAction::trigger);
    connect(header->inspectorButton(), &QPushButton::clicked, m_actions->inspector, &QAction::trigger);
    connect(header->title(), &TitleEdit::renamed, this,
            [this](const QString& title) { m_controller.renameChat(m_controller.currentChat(), title); });
    connect(header->title(), &TitleEdit::menuRequested, this, [this](const QPoint& place) {
        if (m_controller.currentChat() == 0)
            return;
        m_menuAtTitle = true;
        showChatMenu(m_controller.currentChat(), place);
        m_menuAtTitle = false;
    });
    connect(header->meter(), &QAbstractButton::clicked, this, [this] {
        if (m_actions->inspector->isEnabled() && !m_panes->isRightOpen())
            m_actions->inspector->trigger();
    });
    connect(m_panes, &Panes::arrangementChanged, this, &MainWindow::showArrangement);
    Composer* composer = m_page->composer();
    connect(composer->memoryChip(), &QPushButton::clicked, this,
            [this] { openSettings(SettingsPage::Memory); });
    connect(composer->promptChip(), &QPushButton::clicked, this,
            [this] { openSettings(SettingsPage::Chat); });
}

void MainWindow::connectView() {
    ChatView* view = m_page->view();
    connect(view, &ChatView::copyRequested, this, &MainWindow::copyMessage);
    connect(view, &ChatView::regenerateRequested, &m_controller, &app::ChatController::regenerate);
    connect(view, &ChatView::continueRequested, &m_controller, &app::ChatController::continueAnswer);
    connect(view, &ChatView::versionRequested, &m_controller, &app::ChatController::showVersion);
    connect(view, &ChatView::duplicateRequested, this, [this](app::MessageId message) {
        m_controller.duplicateChat(m_controller.currentChat(), message);
    });
    connect(view, &ChatView::deleteRequested, &m_controller, &app::ChatController::deleteMessage);
    connect(view, &ChatView::linkActivated, this, &MainWindow::askForLink);
    FindBar* find = m_page->findBar();
    connect(find, &FindBar::textChanged, this, [view, find](const QString& text) {
        view->setFindText(text);
        find->setFound(text.isEmpty() || view->findNext());
    });
    connect(find, &FindBar::nextRequested, this,
            [view, find](bool backward) { find->setFound(view->findNext(backward)); });
    connect(find, &FindBar::closed, this, [this, view] {
        view->setFindText(QString());
        m_page->composer()->edit()->setFocus();
    });
}

void MainWindow::connectActions() {
    const auto on = [this](QAction* action, auto slot) { connect(action, &QAction::triggered, this, slot); };
    on(m_actions->newChat, [this] {
        m_side->endSearch();
        m_controller.newChat();
        m_page->composer()->edit()->setFocus();
    });
    on(m_actions->search, [this] {
        m_panes->setLeftOpen(true);
        m_side->focusSearch();
    });
    on(m_actions->rename, [this] { rename(); });
    on(m_actions->duplicate, [this] { m_controller.duplicateChat(chatOfAction()); });
    on(m_actions->copyChat, [this] { copyChat(); });
    on(m_actions->remove, [this] { remove(); });
    on(m_actions->previousChat, [this] { openNeighbour(-1); });
    on(m_actions->nextChat, [this] { openNeighbour(1); });
    on(m_actions->exportMarkdown, [this] { exportChat(app::ExportFormat::Markdown); });
    on(m_actions->exportJson, [this] { exportChat(app::ExportFormat::Json); });
    on(m_actions->exportText, [this] { exportChat(app::ExportFormat::PlainText); });
    on(m_actions->import, [this] { importChat(); });
    on(m_actions->regenerate, [this] {
        if (const auto& messages = m_controller.transcript().messages(); !messages.isEmpty())
            m_controller.regenerate(messages.last().id);
    });
    on(m_actions->continueAnswer, [this] { m_controller.continueAnswer(); });
    on(m_actions->stop, [this] { m_controller.stop(); });
    on(m_actions->copyAnswer, [this] {
        if (const auto& messages = m_controller.transcript().messages(); !messages.isEmpty())
            copyMessage(messages.last().id);
    });
    on(m_actions->findInChat, [this] { m_page->findBar()->open(); });
    on(m_actions->goToHorizon, [this] { m_page->view()->scrollToHorizon(); });
    on(m_actions->message, [this] { m_page->composer()->edit()->setFocus(Qt::ShortcutFocusReason); });
    on(m_actions->chatList, [this] { m_panes->setLeftOpen(!m_panes->isLeftOpen()); });
    on(m_actions->inspector, [this] {
        showInspector(!m_panes->isRightOpen());
        app::Settings settings = m_controller.settings();
        settings.inspectorVisible = m_panes->isRightOpen();
        m_controller.applySettings(settings);
    });
    on(m_actions->largerText,
       [this] { setTextSize(app::nextTextSize(m_controller.settings().textSize, 1)); });
    on(m_actions->smallerText,
       [this] { setTextSize(app::nextTextSize(m_controller.settings().textSize, -1)); });
    on(m_actions->usualText, [this] { setTextSize(app::Settings().textSize); });
    on(m_actions->nextPane, [this] { cyclePanes(1); });
    on(m_actions->previousPane, [this] { cyclePanes(-1); });
    on(m_actions->settings, [this] { openSettings(SettingsPage::Models); });
    on(m_actions->shortcuts, [this] { openSettings(SettingsPage::Shortcuts); });
    on(m_actions->menu, [this] { m_page->header()->menuButton()->showMenu(); });
    on(m_actions->about, [this] { showAbout(); });
    on(m_actions->quit, [this] { close(); });
}

void MainWindow::openChat(app::ChatId chat, app::MessageId message) {
    if (m_panes->leftOverlays())
        m_panes->setLeftOpen(false);
    if (chat == m_controller.currentChat()) {
        if (m_controller.isOpening())
            m_messageToShow = message;
        else if (message != 0)
            m_page->view()->scrollToMessage(message);
    } else {
        m_messageToShow = message;
        m_controller.openChat(chat);
    }
    m_page->composer()->edit()->setFocus();
}

void MainWindow::openNeighbour(int step) {
    const ChatListModel* chats = m_side->list()->chats();
    const QModelIndex current = chats->indexOf(m_controller.currentChat());
    int row = current.isValid() ? current.row() + step : step > 0 ? 0 : chats->rowCount() - 1;
    while (row >= 0 && row < chats->rowCount() && !chats->index(row).flags().testFlag(Qt::ItemIsEnabled))
        row += step;
    if (row >= 0 && row < chats->rowCount()) {
        m_side->list()->reveal(chats->index(row));
        openChat(chats->index(row).data(ChatListModel::ChatRole).value<app::ChatId>(), 0);
    }
}

app::ChatId MainWindow::chatOfAction() const {
    if (m_menuChat != 0)
        return m_menuChat;
    const ChatList* list = m_side->list();
    if (list->hasFocus() && list->currentIndex().isValid())
        return list->currentIndex().data(ChatListModel::ChatRole).value<app::ChatId>();
    return m_controller.currentChat();
}

void MainWindow::copyMessage(app::MessageId message) {
    const int row = m_controller.transcript().rowOf(message);
    if (row >= 0)
        QGuiApplication::clipboard()->setText(m_controller.transcript().at(row).text);
}

void MainWindow::keyPressEvent(QKeyEvent* event) {
    QPlainTextEdit* edit = m_page->composer()->edit();
    const bool plain = !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier));
    if (event->key() == Qt::Key_Escape) {
        if (m_controller.activity() != app::Activity::Idle)
            m_controller.stop();
        else
            cancelEditing();
        edit->setFocus(Qt::ShortcutFocusReason);
    } else if (plain && !event->text().isEmpty() && event->text().at(0).isPrint()) {
        edit->setFocus(Qt::ShortcutFocusReason); // typing always goes into the message
        edit->insertPlainText(event->text());
    } else {
        QMainWindow::keyPressEvent(event);
    }
}

} // namespace ui
