#pragma once
#include <QAbstractButton>

class QToolButton;
namespace app {
struct ModelState;
}

namespace ui {

/// The model in use, at the foot of the chat list: name, quantisation, device, memory. Shows the progress of
/// loading with Cancel, and a failure, in place. A click asks for the settings.
class ModelCard : public QAbstractButton {
    Q_OBJECT
public:
    explicit ModelCard(QWidget* parent = nullptr);

    void setState(const app::ModelState& state);
    QSize sizeHint() const override;

Q_SIGNALS:
    void cancelRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    bool m_loading = false, m_failed = false;
    float m_progress = 0;
    QString m_name, m_details;
    QToolButton* m_cancel;
};

} // namespace ui
