#pragma once
#include <QWidget>

class QLabel;
class QLineEdit;

namespace ui {

/// Finds words in the open chat: field, back, on, close. Enter goes on, Shift+Enter back, Escape closes.
class FindBar : public QWidget {
    Q_OBJECT
public:
    explicit FindBar(QWidget* parent = nullptr);

    void open();
    void close();
    void setFound(bool found);

Q_SIGNALS:
    void textChanged(const QString& text);
    void nextRequested(bool backward);
    void closed();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    QLineEdit* m_field;
    QLabel* m_result;
};

} // namespace ui
