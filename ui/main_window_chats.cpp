// What is done with whole chats: names, copies, files; and messages that go.
#include "app/chat_controller.h"
#include "ui/main_window.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/page/header.h"
#include "ui/parts/words.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/window/actions.h"

#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QMenu>
#include <QRegularExpression>
#include <QStandardPaths>

namespace ui {

namespace {

/// Where chats are written to and read from: where the last one was, while that is there.
QString fileFolder(const app::Settings& settings) {
    if (!settings.exportFolder.isEmpty() && QFileInfo(settings.exportFolder).isDir())
        return settings.exportFolder;
    return QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
}

/// A title as a file name that every system takes.
QString fileName(const QString& title) {
    static const QRegularExpression bad(QStringLiteral("[\\\\/:*?\"<>|\\x00-\\x1f]+"));
    const QString name = QString(title).replace(bad, QStringLiteral(" ")).simplified().left(80);
    return name.isEmpty() || name.startsWith(QLatin1Char('.')) ? QStringLiteral("chat") : name;
}

} // namespace

void MainWindow::showChatMenu(app::ChatId chat, const QPoint& place) {
    m_menuChat = chat;
    for (QAction* action : m_actions->ofStoredChat())
        action->setEnabled(chat > 0);
    m_actions->chatMenu->exec(place);
    m_menuChat = 0;
    showChats();
}

void MainWindow::rename() {
    const app::ChatId chat = chatOfAction();
    const bool inList = m_menuChat != 0 ? !m_menuAtTitle : m_side->list()->hasFocus();
    if (chat == 0)
        return;
    if (inList || chat != m_controller.currentChat())
        m_side->list()->renameCurrent(chat);
    else
        m_page->header()->title()->setFocus(Qt::ShortcutFocusReason);
}

void MainWindow::remove() {
    if (const app::ChatId chat = chatOfAction())
        m_controller.deleteChat(chat);
}

void MainWindow::exportChat(app::ExportFormat format) {
    const app::ChatId chat = chatOfAction();
    if (chat == 0)
        return;
    const auto [extension, filter] = [format]() -> std::pair<QString, QString> {
        switch (format) {
        case app::ExportFormat::Markdown:
            return {QStringLiteral("md"), tr("Markdown (*.md)")};
        case app::ExportFormat::Json:
            return {QStringLiteral("json"), tr("JSON (*.json)")};
        case app::ExportFormat::PlainText:
            break;
        }
        return {QStringLiteral("txt"), tr("Text (*.txt)")};
    }();
    const QString proposed =
        QStringLiteral("%1/%2.%3")
            .arg(fileFolder(m_controller.settings()), fileName(titleOf(chat)), extension);
    const QString path = QFileDialog::getSaveFileName(this, tr("Export chat"), proposed, filter);
    if (path.isEmpty())
        return;
    app::Settings settings = m_controller.settings();
    settings.exportFolder = QFileInfo(path).absolutePath();
    m_controller.applySettings(settings);
    m_controller.exportChat(chat, format, path);
}

void MainWindow::importChat() {
    const QString path = QFileDialog::getOpenFileName(
        this, tr("Import chat"), fileFolder(m_controller.settings()), tr("Exported chats (*.json)"));
    if (!path.isEmpty())
        m_controller.importChat(path);
}

QString MainWindow::titleOf(app::ChatId chat) const {
    for (const app::ChatSummary& summary : m_controller.chats())
        if (summary.id == chat)
            return summary.title;
    return {};
}

void MainWindow::copyChat() {
    const app::ChatId chat = chatOfAction();
    if (chat <= 0)
        return;
    m_controller.chatAsMarkdown(chat, this, [this, title = titleOf(chat)](const QString& text) {
        QGuiApplication::clipboard()->setText(text);
        showNotice(tr("“%1” was copied.").arg(words::inSentence(title)), app::NoticeAction::None);
    });
}

void MainWindow::showAlreadyHere(app::ChatId, const QString& title, const QString& path) {
    m_page->banners()->show({BannerText::Tone::Note,
                             QStringLiteral("already-here"),
                             tr("“%1” is here already.").arg(words::inSentence(title)),
                             tr("Import again"),
                             [this, path] { m_controller.importChat(path, app::Twice::Allow); },
                             {}});
}

void MainWindow::showDeletedMessages(const app::DeletedMessages& deleted) {
    m_page->banners()->show({BannerText::Tone::Note,
                             QStringLiteral("deleted-messages"),
                             deleted.count == 1 ? tr("The message was deleted.")
                                                : tr("The message and what followed it were deleted."),
                             tr("Undo"),
                             [this, deleted] { m_controller.undoDeleteMessages(deleted); },
                             {}});
}

} // namespace ui
