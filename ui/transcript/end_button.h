#pragma once
#include <QAbstractButton>

namespace ui::transcript {

/// The round button over the transcript's lower edge: to the newest message. Its owner shows it when the end
/// is out of sight and says where. Main thread.
class EndButton : public QAbstractButton {
    Q_OBJECT
public:
    explicit EndButton(QWidget* parent);

    /// In the middle of `centre`, above `bottom`; gives the focus back to the parent when it goes away.
    void place(int centre, int bottom, bool wanted);

protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
};

} // namespace ui::transcript
