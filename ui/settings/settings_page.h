#pragma once
#include <QWidget>

class QFormLayout;
class QLabel;
class QVBoxLayout;
namespace app {
struct Settings;
}

namespace ui {

class NumberField;

/// One page of the settings: shows a copy of them, gives the changes back when asked. Main thread only.
class SettingsPageWidget : public QWidget {
    Q_OBJECT
public:
    SettingsPageWidget(const QString& title, const QString& explanation, QWidget* parent);

    virtual void load(const app::Settings& settings) = 0;
    virtual void store(app::Settings& settings) const = 0;
    /// False while something stands in a field that is not understood.
    bool isUnderstood() const;

Q_SIGNALS:
    void edited();

protected:
    QVBoxLayout* body() const { return m_body; }
    /// Number fields are connected to edited(); where they say no, the sentence stands in place of the hint.
    /// Below: label, control, hint under each other. Beside: the control stands to the right of label and
    /// hint.
    enum class Place { Below, Beside };
    void addField(Place place, const QString& label, QWidget* control, const QString& hint = {});
    static QLabel* makeHint(const QString& text, QWidget* parent);

private:
    void connectNumber(NumberField* field, QLabel* label, const QString& hint);

    QVBoxLayout* m_body;
};

} // namespace ui
