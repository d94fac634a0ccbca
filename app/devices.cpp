#include "app/devices.h"

namespace app {
namespace {

constexpr int PatienceMs = 15000; // a driver may compile programs when it is loaded for the first time

QString textOf(const nlohmann::json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? QString::fromStdString(it->get<std::string>()) : QString();
}

bool isSet(const nlohmann::json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_boolean() && it->get<bool>();
}

} // namespace

nlohmann::json devicesAsJson(const kernels::DeviceList& list) {
    nlohmann::json devices = nlohmann::json::array();
    for (const kernels::Device& device : list.devices)
        devices.push_back({{"name", device.name},
                           {"title", device.title},
                           {"features", device.features},
                           {"memory_bytes", device.memoryBytes},
                           {"software", device.isSoftware},
                           {"discrete", device.isDiscrete},
                           {"problem", device.problem}});
    return {{"devices", devices}, {"cuda_problem", list.cudaProblem}, {"vulkan_problem", list.vulkanProblem}};
}

Devices::Devices(QObject* parent) : QObject(parent) {
    m_patience.setSingleShot(true);
    m_patience.setInterval(PatienceMs);
    m_process.setStandardErrorFile(QProcess::nullDevice()); // drivers talk
    connect(&m_patience, &QTimer::timeout, this, [this] {
        fail(tr("The drivers of the graphics devices do not answer."));
        m_process.kill();
    });
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            fail(tr("The graphics devices could not be asked for."));
    });
    connect(&m_process, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        if (!m_patience.isActive())
            return; // it was waited for long enough
        if (status == QProcess::CrashExit || code != 0)
            fail(tr("A driver of a graphics device crashed when it was asked what there is."));
        else
            take(m_process.readAllStandardOutput());
    });
}

Devices::~Devices() {
    m_process.disconnect(this);
    m_process.kill();
    m_process.waitForFinished();
}

void Devices::setCommand(const QString& program, const QStringList& arguments) {
    m_program = program;
    m_arguments = arguments;
}

void Devices::find() {
    if (m_asked || m_program.isEmpty())
        return;
    m_asked = true;
    m_patience.start();
    m_process.start(m_program, m_arguments, QIODevice::ReadOnly);
}

void Devices::take(const QByteArray& json) {
    m_patience.stop();
    const auto answer = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
    if (!answer.is_object() || !answer.contains("devices") || !answer["devices"].is_array())
        return fail(tr("The graphics devices could not be asked for."));
    m_problem =
        QStringList{textOf(answer, "vulkan_problem"), textOf(answer, "cuda_problem")}.join(u' ').trimmed();
    for (const nlohmann::json& device : answer["devices"]) {
        if (!device.is_object())
            continue;
        DeviceEntry entry{textOf(device, "name"), textOf(device, "title"), isSet(device, "software"),
                          textOf(device, "problem")};
        if (!entry.name.isEmpty() && entry.name != QLatin1String("cpu"))
            m_list.append(std::move(entry));
    }
    Q_EMIT changed();
}

void Devices::fail(const QString& sentence) {
    m_patience.stop();
    m_problem = sentence;
    Q_EMIT changed();
}

} // namespace app
