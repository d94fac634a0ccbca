#include "ui/window/actions.h"

#include <QCoreApplication>
#include <QMenu>

namespace ui {

namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("ui::Actions", text);
}

QAction* make(QWidget* owner, const char* name, const QString& text, const QList<QKeySequence>& keys = {}) {
    auto* action = new QAction(text, owner);
    action->setObjectName(QLatin1String(name));
    action->setShortcuts(keys);
    owner->addAction(action);
    return action;
}

QKeySequence key(const char* keys) {
    return QKeySequence(QLatin1String(keys));
}

} // namespace

Actions::Actions(QWidget* owner) {
    newChat = make(owner, "newChat", tr("New chat"), {key("Ctrl+N")});
    search = make(owner, "search", tr("Search chats"), {key("Ctrl+F"), key("Ctrl+K")});
    rename = make(owner, "rename", tr("Rename chat"), {key("F2")});
    duplicate = make(owner, "duplicate", tr("Duplicate chat"), {key("Ctrl+Shift+D")});
    copyChat = make(owner, "copyChat", tr("Copy chat as Markdown"));
    remove =
        make(owner, "remove", tr("Delete chat")); // Del in the list only: it belongs to the text elsewhere
    previousChat = make(owner, "previousChat", tr("Previous chat"), {key("Ctrl+PgUp")});
    nextChat = make(owner, "nextChat", tr("Next chat"), {key("Ctrl+PgDown")});
    exportMarkdown = make(owner, "exportMarkdown", tr("Export as Markdown…"), {key("Ctrl+Shift+E")});
    exportJson = make(owner, "exportJson", tr("Export as JSON, to be imported again…"));
    exportText = make(owner, "exportText", tr("Export as plain text…"));
    import = make(owner, "import", tr("Import chat…"), {key("Ctrl+O")});
    regenerate = make(owner, "regenerate", tr("Answer again"), {key("Ctrl+R")});
    continueAnswer = make(owner, "continueAnswer", tr("Continue the answer"), {key("Ctrl+Shift+Return")});
    stop = make(owner, "stop", tr("Stop the answer"), {key("Ctrl+.")});
    copyAnswer = make(owner, "copyAnswer", tr("Copy last answer"), {key("Ctrl+Shift+C")});
    findInChat = make(owner, "findInChat", tr("Find in this chat"), {key("Ctrl+Shift+F")});
    goToHorizon = make(owner, "goToHorizon", tr("Go to where the model's view begins"), {key("Ctrl+G")});
    message = make(owner, "message", tr("Write a message"), {key("Ctrl+L")});
    chatList = make(owner, "chatList", tr("Chat list"), {key("Ctrl+B")});
    chatList->setCheckable(true);
    inspector = make(owner, "inspector", tr("Inspector"), {key("F9")});
    inspector->setCheckable(true);
    nextPane = make(owner, "nextPane", tr("Next pane"), {key("F6")});
    previousPane = make(owner, "previousPane", tr("Previous pane"), {key("Shift+F6")});
    largerText = make(owner, "largerText", tr("Larger text"), {key("Ctrl++"), key("Ctrl+=")});
    smallerText = make(owner, "smallerText", tr("Smaller text"), {key("Ctrl+-")});
    usualText = make(owner, "usualText", tr("Usual size of text"), {key("Ctrl+0")});
    settings = make(owner, "settings", tr("Settings…"), {key("Ctrl+,")});
    shortcuts = make(owner, "shortcuts", tr("Keyboard shortcuts"), {key("F1"), key("Ctrl+?")});
    about = make(owner, "about", tr("About Sumidero"));
    menu = make(owner, "menu", tr("Main menu"), {key("F10")}); // opens the menu, so it is not in it
    quit = make(owner, "quit", tr("Quit"), {key("Ctrl+Q")});

    exportMenu = new QMenu(tr("Export"), owner);
    exportMenu->addActions({exportMarkdown, exportJson, exportText});
    chatMenu = new QMenu(tr("Chat"), owner);
    chatMenu->addActions({rename, duplicate, copyChat});
    chatMenu->addMenu(exportMenu);
    chatMenu->addSeparator();
    chatMenu->addAction(remove);
    mainMenu = new QMenu(tr("Main menu"), owner);
    mainMenu->addActions({newChat, search, previousChat, nextChat});
    mainMenu->addSeparator();
    mainMenu->addActions({rename, duplicate, copyChat});
    mainMenu->addMenu(exportMenu);
    mainMenu->addActions({import, remove});
    mainMenu->addSeparator();
    QMenu* chat = mainMenu->addMenu(tr("Conversation"));
    chat->addActions({message, regenerate, continueAnswer, stop, copyAnswer, findInChat, goToHorizon});
    QMenu* view = mainMenu->addMenu(tr("View"));
    view->addActions({chatList, inspector, nextPane, previousPane});
    view->addSeparator();
    view->addActions({largerText, smallerText, usualText});
    mainMenu->addSeparator();
    mainMenu->addActions({settings, shortcuts, about, quit});
}

QList<QAction*> Actions::ofStoredChat() const {
    return {duplicate, copyChat, exportMarkdown, exportJson, exportText};
}

QList<QAction*> Actions::all() const {
    return {newChat,     search,      rename,     duplicate,      remove,       previousChat,
            nextChat,    message,     regenerate, continueAnswer, stop,         copyAnswer,
            findInChat,  goToHorizon, copyChat,   exportMarkdown, exportJson,   exportText,
            import,      chatList,    inspector,  nextPane,       previousPane, largerText,
            smallerText, usualText,   settings,   shortcuts,      about,        quit,
            menu};
}

QString Actions::tip(const QAction* action) {
    QString text = action->text();
    text.remove(QChar(0x2026));
    if (action->shortcut().isEmpty())
        return text;
    return tr("%1 (%2)").arg(text, action->shortcut().toString(QKeySequence::NativeText));
}

} // namespace ui
