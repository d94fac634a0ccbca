#pragma once
#include <QWidget>

class QFormLayout;
class QLabel;
class QVBoxLayout;
namespace app {
struct Settings;
}

namespace ui {

/// One page of the settings: shows a copy of them, gives the changes back when asked. Main thread only.
class SettingsPageWidget : public QWidget {
    Q_OBJECT
public:
    SettingsPageWidget(const QString& title, const QString& explanation, QWidget* parent);

    virtual void load(const app::Settings& settings) = 0;
    virtual void store(app::Settings& settings) const = 0;

Q_SIGNALS:
    void edited();

protected:
    QVBoxLayout* body() const { return m_body; }
    /// Below: label, control, hint under each other. Beside: the control stands to the right of label and
    /// hint.
    enum class Place { Below, Beside };
    void addField(Place place, const QString& label, QWidget* control, const QString& hint = {});
    static QLabel* makeHint(const QString& text, QWidget* parent);

private:
    QVBoxLayout* m_body;
};

} // namespace ui
