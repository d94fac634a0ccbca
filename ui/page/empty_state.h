#pragma once
#include <QWidget>

namespace ui {

/// A chat without messages: what this is, and three things to try.
class EmptyState : public QWidget {
    Q_OBJECT
public:
    explicit EmptyState(QWidget* parent = nullptr);

Q_SIGNALS:
    void promptChosen(const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;
};

} // namespace ui
