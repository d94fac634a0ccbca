#pragma once
#include <QScrollArea>

namespace ui {

/// A chat without messages: what this is, and three things to try. Where there is little room it scrolls.
class EmptyState : public QScrollArea {
    Q_OBJECT
public:
    explicit EmptyState(QWidget* parent = nullptr);

Q_SIGNALS:
    void promptChosen(const QString& text);
};

} // namespace ui
