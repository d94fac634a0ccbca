#include "ui/settings/device_box.h"

#include "app/devices.h"
#include "ui/theme.h"

#include <QSignalBlocker>
#include <QStandardItemModel>

namespace ui {

DeviceBox::DeviceBox(app::Devices& devices, QWidget* parent) : ChoiceBox(parent), m_devices(devices) {
    setFixedWidth(Theme::current().px(260));
    addItem(tr("Automatic"), QStringLiteral("auto"));
    addItem(tr("CPU"), QStringLiteral("cpu"));
    choose(QStringLiteral("cpu"));
    connect(&devices, &app::Devices::changed, this, &DeviceBox::showDevices);
    showDevices();
}

void DeviceBox::showEvent(QShowEvent* event) {
    ChoiceBox::showEvent(event);
    m_devices.find();
}

/// One that is not there (any more) can be seen, and stays.
void DeviceBox::choose(const QString& device) {
    if (findData(device) < 0)
        addItem(tr("%1 (not found)").arg(device), device);
    setCurrentIndex(findData(device));
}

void DeviceBox::showDevices() {
    const QSignalBlocker unchanged(this);
    const QString chosen = device();
    while (count() > 2) // what is always there
        removeItem(count() - 1);
    auto* items = qobject_cast<QStandardItemModel*>(model());
    for (const app::DeviceEntry& entry : m_devices.list()) {
        const QString title =
            entry.isSoftware ? tr("%1 (software, for tests)").arg(entry.title) : entry.title;
        addItem(entry.problem.isEmpty() ? title : tr("%1: cannot be used, %2").arg(title, entry.problem),
                entry.name);
        items->item(count() - 1)->setEnabled(entry.problem.isEmpty());
    }
    choose(chosen);
}

} // namespace ui
