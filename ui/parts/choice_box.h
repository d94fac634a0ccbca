#pragma once
#include <QComboBox>

namespace ui {

/// A box to choose one of several things from. Its list looks like a menu in both themes, shows whole rows, all of them up to ten, and is
/// as wide as the longest. Every box of the window is one. Main thread only.
class ChoiceBox : public QComboBox {
    Q_OBJECT
public:
    explicit ChoiceBox(QWidget* parent = nullptr);
    void showPopup() override;
};

} // namespace ui
