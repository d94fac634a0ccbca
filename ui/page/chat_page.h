#pragma once
#include <QTimer>
#include <QWidget>

class QStackedWidget;

namespace ui {

class BannerStack;
class ChatView;
class Composer;
class EmptyState;
class FindBar;
class Header;
class TabularLabel;

/// The middle pane from top to bottom: header, find bar, transcript or empty state, banners, composer, status
/// line. Only the layout: MainWindow wires the parts.
class ChatPage : public QWidget {
    Q_OBJECT
public:
    explicit ChatPage(QWidget* parent = nullptr);

    Header* header() const { return m_header; }
    ChatView* view() const { return m_view; }
    EmptyState* emptyState() const { return m_empty; }
    FindBar* findBar() const { return m_find; }
    BannerStack* banners() const { return m_banners; }
    Composer* composer() const { return m_composer; }
    TabularLabel* statusLine() const { return m_status; }
    void setEmpty(bool empty);
    bool isEmpty() const;
    /// The conversation stays as it was drawn until showPicture(), for a tenth of a second at most: what comes next is nearly there.
    void holdPicture();
    void showPicture();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Header* m_header;
    FindBar* m_find;
    QStackedWidget* m_stack;
    QTimer m_hold;
    ChatView* m_view;
    EmptyState* m_empty;
    BannerStack* m_banners;
    Composer* m_composer;
    TabularLabel* m_status;
};

} // namespace ui
