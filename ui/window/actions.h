#pragma once
#include <QAction>
#include <QList>

class QMenu;

namespace ui {

/// Every command of the window that is not bound to one widget. All are in the main menu, most have a key.
/// Owned by `owner`, to which they are added, so that their keys work everywhere in it.
struct Actions {
    explicit Actions(QWidget* owner);

    QAction *newChat, *search, *rename, *duplicate, *remove, *previousChat, *nextChat;
    QAction *copyChat, *exportMarkdown, *exportJson, *exportText, *import;
    QAction *regenerate, *continueAnswer, *stop, *copyAnswer, *findInChat, *goToHorizon, *message;
    QAction *chatList, *inspector, *nextPane, *previousPane;
    QAction *largerText, *smallerText, *usualText;
    QAction *settings, *shortcuts, *about, *quit, *menu;

    QMenu* mainMenu;
    QMenu* exportMenu;
    QMenu* chatMenu; // of one chat in the list

    /// Those that need a chat with text on the disk.
    QList<QAction*> ofStoredChat() const;
    /// All of them, in the order of the menu, for the page of shortcuts.
    QList<QAction*> all() const;
    /// "Begin a new chat (Ctrl+N)"
    static QString tip(const QAction* action);
};

} // namespace ui
