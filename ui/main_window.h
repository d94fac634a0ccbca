#pragma once
#include "app/chat_types.h"
#include "app/export.h"

#include <memory>
#include <QMainWindow>
#include <QPointer>
#include <QTimer>

namespace app {
class ChatController;
class ModelAdvisor;
struct DeletedMessages;
struct ModelOffer;
enum class NoticeAction;
} // namespace app

namespace ui {

struct Actions;
class ChatPage;
class Panes;
class SettingsDialog;
enum class SettingsPage;
class SidePane;

/// The window: chats, the open chat, and the Inspector's place. Connects what the parts ask to the controller
/// and what the controller tells to the parts; decides nothing. Main thread only; the controller must outlive
/// it.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(app::ChatController& controller, QWidget* parent = nullptr);
    ~MainWindow() override;

    /// Another right pane than the Inspector, or none: then nothing in the window speaks of an Inspector.
    void setInspector(QWidget* pane);
    /// Place, size and panes, to be given back at the next start. restoreLayout() ignores what it does not
    /// understand.
    QByteArray layoutState() const;
    void restoreLayout(const QByteArray& state);
    void openSettings(SettingsPage page);

    SidePane* sidePane() const { return m_side; }
    ChatPage* page() const { return m_page; }
    Panes* panes() const { return m_panes; }
    const Actions& actions() const { return *m_actions; }
    SettingsDialog* settingsDialog() const; // null: closed

protected:
    void closeEvent(QCloseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    // main_window.cpp: what the parts ask
    void connectSide();
    void connectPage();
    void connectView();
    void connectActions();
    void connectController();
    void showInspector(bool show);
    void buildInspector();
    void openChat(app::ChatId chat, app::MessageId message);
    void openNeighbour(int step);
    void copyMessage(app::MessageId message);
    app::ChatId chatOfAction() const;

    // main_window_writing.cpp: the message field and its drafts
    void connectWriting();
    void send(const QString& text);
    void beginEditing(app::MessageId message);
    void cancelEditing();
    void showDraft();
    void saveDraftNow();

    // main_window_chats.cpp: what is done with whole chats, and messages that go
    void showChatMenu(app::ChatId chat, const QPoint& place);
    void rename();
    void remove();
    void copyChat();
    void exportChat(app::ExportFormat format);
    void importChat();
    void showAlreadyHere(app::ChatId chat, const QString& title, const QString& path);
    void showDeletedMessages(const app::DeletedMessages& deleted);
    QString titleOf(app::ChatId chat) const;

    // main_window_offer.cpp: models that can be had
    void connectOffer();
    void showOffer();
    void showUnfinished();
    void showArrived(const QString& id, const QString& path);
    void showStumbled(const app::ModelOffer& offer);

    // main_window_updates.cpp: what the controller tells
    void showChats();
    void showChosenChat();
    void showOpenedChat();
    void showDeleted(app::ChatId chat, const QString& title);
    void showActivity();
    void showBusy();
    void showUnanswered();
    void showStatus();
    void showModel();
    void showSettings();
    void showTranscriptState();
    void showWritable();
    void goToWantedMessage();
    void showNotice(const QString& sentence, app::NoticeAction action);
    void showArrangement();
    void setTextSize(int percent);
    void showAbout();
    void askForLink(const QString& url);
    void cyclePanes(int step);

    app::ChatController& m_controller;
    std::unique_ptr<Actions> m_actions;
    SidePane* m_side;
    ChatPage* m_page;
    Panes* m_panes;
    QPointer<SettingsDialog> m_settings;
    app::ModelAdvisor* m_advisor = nullptr; // child
    QTimer m_draftDelay, m_statusDelay;
    bool m_toldOfLoss = false;          // closing again leaves without what is not on the disk
    app::MessageId m_messageToShow = 0; // once its chat is open
    app::ChatId m_menuChat = 0;         // whose context menu is open
    bool m_menuAtTitle = false;         // that menu belongs to the name above the transcript
    app::ChatId m_waitsFor = 0;         // as the banner says
    app::MessageId m_unanswered = 0;    // as the banner says
    bool m_draftChanged = false;        // since it was shown or saved
};

} // namespace ui
