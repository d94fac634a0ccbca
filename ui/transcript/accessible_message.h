#pragma once
#include "ui/transcript/accessible_transcript.h"

namespace ui::transcript {

/// One message for assistive technology: its name, its text and what can be done with it.
class AccessibleMessage : public QAccessibleInterface,
                          public QAccessibleTextInterface,
                          public QAccessibleActionInterface {
public:
    AccessibleMessage(AccessibleTranscript* transcript, int row) : m_transcript(transcript), m_row(row) {}
    int row() const { return m_row; }

    bool isValid() const override { return m_transcript->holds(m_row); }
    QObject* object() const override { return nullptr; }
    QWindow* window() const override { return m_transcript->window(); }
    QAccessibleInterface* parent() const override { return m_transcript; }
    QAccessibleInterface* child(int) const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QString text(QAccessible::Text which) const override;
    void setText(QAccessible::Text, const QString&) override {}
    QRect rect() const override { return m_transcript->messageRect(m_row); }
    QAccessible::Role role() const override { return QAccessible::ListItem; }
    QAccessible::State state() const override;
    void* interface_cast(QAccessible::InterfaceType type) override;

    void selection(int, int* begin, int* end) const override { *begin = *end = 0; }
    int selectionCount() const override { return 0; }
    void addSelection(int, int) override {}
    void removeSelection(int) override {}
    void setSelection(int, int, int) override {}
    int cursorPosition() const override { return 0; }
    void setCursorPosition(int) override {}
    QString text(int begin, int end) const override {
        return m_transcript->messageText(m_row).mid(begin, end - begin);
    }
    int characterCount() const override { return static_cast<int>(m_transcript->messageText(m_row).size()); }
    QRect characterRect(int offset) const override { return m_transcript->characterRect(m_row, offset); }
    int offsetAtPoint(const QPoint& point) const override { return m_transcript->positionAt(m_row, point); }
    void scrollToSubstring(int, int) override {}
    QString attributes(int, int* begin, int* end) const override;

    QStringList actionNames() const override;
    void doAction(const QString& name) override;
    QStringList keyBindingsForAction(const QString&) const override { return {}; }

private:
    AccessibleTranscript* m_transcript;
    int m_row;
};

} // namespace ui::transcript
