#pragma once
#include "ui/chat_view.h"
#include "ui/transcript/message_layout.h"

#include <QAccessibleWidget>
#include <unordered_map>

namespace ui::transcript {

/// Makes ChatView known to assistive technology. May be called more than once.
void installAccessibility();

/// The transcript as one text ("You said: ...") and as a list of messages. Main thread; owned by QAccessible.
class AccessibleTranscript : public QAccessibleWidget, public QAccessibleTextInterface {
public:
    explicit AccessibleTranscript(ChatView* view);
    ~AccessibleTranscript() override;

    void* interface_cast(QAccessible::InterfaceType type) override;
    int childCount() const override;
    QAccessibleInterface* child(int index) const override;
    int indexOfChild(const QAccessibleInterface* child) const override;
    QAccessibleInterface* childAt(int x, int y) const override;
    QAccessibleInterface* focusChild() const override;
    QString text(QAccessible::Text which) const override;

    // QAccessibleTextInterface
    void selection(int index, int* begin, int* end) const override;
    int selectionCount() const override;
    void addSelection(int begin, int end) override;
    void removeSelection(int index) override;
    void setSelection(int index, int begin, int end) override;
    int cursorPosition() const override;
    void setCursorPosition(int position) override;
    QString text(int begin, int end) const override;
    int characterCount() const override;
    QRect characterRect(int offset) const override;
    int offsetAtPoint(const QPoint& point) const override;
    void scrollToSubstring(int begin, int end) override;
    QString attributes(int offset, int* begin, int* end) const override;

    // For the messages.
    bool holds(int row) const;
    QString messageName(int row) const;
    QString messageText(int row) const;
    QRect messageRect(int row) const;
    QList<Target> messageTargets(int row) const;
    void activate(int row, const Target& target);
    int horizon(int row) const; // 1: forgotten, 0: in view
    QRect characterRect(int row, int position) const;
    int positionAt(int row, QPoint global) const;
    ChatView* view() const { return m_view; }

private:
    ChatView::Impl& impl() const { return *m_view->m_impl; }
    ChatView* m_view;
    mutable std::unordered_map<int, QAccessible::Id> m_messages;
};

} // namespace ui::transcript
