#pragma once
#include <QDialog>

class QPlainTextEdit;
class QPushButton;

namespace ui {

/// Shows an attached text. Does nothing itself: what a button means is told by signals. Main thread only.
class PastedViewer : public QDialog {
    Q_OBJECT
public:
    explicit PastedViewer(const QString& text, QWidget* parent);

    QPlainTextEdit* view() const { return m_view; }
    QPushButton* putButton() const { return m_put; }
    QPushButton* removeButton() const { return m_remove; }

Q_SIGNALS:
    void putIntoTextRequested();
    void removeRequested();

private:
    QPlainTextEdit* m_view;
    QPushButton* m_put;
    QPushButton* m_remove;
};

} // namespace ui
