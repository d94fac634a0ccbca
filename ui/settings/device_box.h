#pragma once
#include "ui/parts/choice_box.h"

namespace app {
class Devices;
}

namespace ui {

/// Where the model runs: by itself, the CPU, or one of the graphics devices, which are looked for when the box is first seen. Main thread
/// only; the list of devices must outlive it.
class DeviceBox : public ChoiceBox {
    Q_OBJECT
public:
    DeviceBox(app::Devices& devices, QWidget* parent);

    void choose(const QString& device); // as app::Settings::device
    QString device() const { return currentData().toString(); }

protected:
    void showEvent(QShowEvent* event) override;

private:
    void showDevices();

    app::Devices& m_devices;
};

} // namespace ui
