#pragma once
#include "engine/model_info.h"

#include <QList>
#include <QObject>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTimer>

#include <nlohmann/json.hpp>

namespace app {

/// Where a model can run besides the CPU. Plain data.
struct DeviceEntry {
    QString name;  // as Settings::device
    QString title; // of the card
    bool isSoftware = false;
    QString problem; // why it cannot be used; empty: it can
};

/// As "sumidero-cli devices --json" prints it and Devices reads it.
nlohmann::json devicesAsJson(const kernels::DeviceList& list);

/// The graphics devices of this computer. A program of its own is asked for them, when somebody wants to know: a driver that takes long,
/// hangs or crashes does so there. Main thread only; never blocks it.
class Devices : public QObject {
    Q_OBJECT
public:
    explicit Devices(QObject* parent = nullptr);
    ~Devices() override;

    /// A program that prints devicesAsJson(). Without one nothing is ever found.
    void setCommand(const QString& program, const QStringList& arguments);
    void find(); // once; changed() follows
    bool isSearching() const { return m_process.state() != QProcess::NotRunning; }
    const QList<DeviceEntry>& list() const { return m_list; }
    const QString& problem() const { return m_problem; } // why there are none of a kind; a sentence for each
    void setPatience(int milliseconds) { m_patience.setInterval(milliseconds); }

Q_SIGNALS:
    void changed();

private:
    void take(const QByteArray& json);
    void fail(const QString& sentence);

    QString m_program;
    QStringList m_arguments;
    bool m_asked = false;
    QList<DeviceEntry> m_list;
    QString m_problem;
    QProcess m_process;
    QTimer m_patience;
};

} // namespace app
