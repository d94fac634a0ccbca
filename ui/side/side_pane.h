#pragma once
#include "app/chat_types.h"

#include <QAbstractButton>
#include <QTimer>
#include <QWidget>

class QLineEdit;

namespace ui {

class ChatList;
class ModelCard;

/// "+ New chat          Ctrl N"
class NewChatButton : public QAbstractButton {
    Q_OBJECT
public:
    explicit NewChatButton(QWidget* parent = nullptr);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
};

/// The left pane: New chat, search, the list, the model. Shows what it is given and asks by signals. Main
/// thread only.
class SidePane : public QWidget {
    Q_OBJECT
public:
    explicit SidePane(QWidget* parent = nullptr);

    NewChatButton* newChatButton() const { return m_newChat; }
    QLineEdit* searchBox() const { return m_search; }
    ChatList* list() const { return m_list; }
    ModelCard* modelCard() const { return m_model; }

    void setChats(const QList<app::ChatSummary>& chats);
    void setCurrentChat(app::ChatId chat);
    /// Ignored when the words are no longer those in the search box.
    void showHits(const QString& words, const QList<app::SearchHit>& hits);
    void focusSearch();
    void endSearch();

Q_SIGNALS:
    void searchRequested(const QString& words);
    void openRequested(app::ChatId chat, app::MessageId message);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    bool isSearching() const;
    void searchTextChanged();
    void showChats();

    NewChatButton* m_newChat;
    QLineEdit* m_search;
    ChatList* m_list;
    ModelCard* m_model;
    QTimer m_searchDelay;
    QList<app::ChatSummary> m_chats;
    QString m_hitsFor; // words of the hits that are shown; empty: the chats are shown
    bool m_isOpenChatRevealed = false;
    bool m_openFirstHit = false; // Enter was pressed before the hits were there
};

} // namespace ui
