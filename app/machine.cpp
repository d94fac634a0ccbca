#include "app/machine.h"

#include "app/model_offer.h"
#include "engine/model_config.h"
#include "engine/read_speed.h"

#include <QFile>
#include <QFileInfo>
#include <QStorageInfo>

#include <algorithm>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace app {
namespace {

constexpr auto MeasureFor = std::chrono::milliseconds(300);
constexpr quint64 RoomForOthers = 1'000'000'000;    // bytes: a desktop with a browser
constexpr double ReadAlong = 10;                    // tokens a second: faster than people read
constexpr quint64 LargestWheel = 100 * 1024 * 1024; // PyPI takes no larger files by itself

/// "MemAvailable" of the kernel: what programs can have without swapping.
quint64 availableMemory() {
    QFile file(u"/proc/meminfo"_s);
    if (file.open(QIODevice::ReadOnly)) {
        for (const QByteArray& line : file.readAll().split('\n')) {
            if (line.startsWith("MemAvailable:"))
                return line.mid(13).trimmed().split(' ').first().toULongLong() * 1024;
        }
    }
    return static_cast<quint64>(::sysconf(_SC_PHYS_PAGES)) * static_cast<quint64>(::sysconf(_SC_PAGESIZE));
}

quint64 availableDisk(const QString& folder) {
    QFileInfo place(folder);
    while (!place.exists() && place.absoluteFilePath() != u"/"_s)
        place.setFile(place.absolutePath());
    return static_cast<quint64>(std::max<qint64>(0, QStorageInfo(place.absoluteFilePath()).bytesAvailable()));
}

quint64 cacheBytes(const ModelOffer& offer, const engine::CacheOptions& cache) {
    engine::ModelConfig config;
    config.layerConfigs.assign(static_cast<std::size_t>(offer.layers),
                               {.kvHeads = offer.kvHeads, .headDim = offer.headDim});
    const int usual = std::min(offer.trainedLength, engine::UsualCacheTokens);
    const int tokens = cache.window > 0 ? cache.window + cache.sinks : usual;
    return config.kvBytesPerToken(cache.ringType) * static_cast<quint64>(tokens);
}

} // namespace

bool ModelFit::runsWell() const {
    return memory + RoomForOthers <= memoryFree && tokensPerSecond >= ReadAlong;
}

Machine::Machine(QObject* parent)
    : QObject(parent), freeMemory(availableMemory), freeDisk(availableDisk),
      read([](int threads, std::stop_token stop) {
          return engine::measureReadSpeed(threads, MeasureFor, std::move(stop));
      }) {}

Machine::~Machine() = default; // the thread is asked to stop, which it does within milliseconds

ModelFit Machine::fit(const ModelOffer& offer, const engine::CacheOptions& cache, const QString& folder,
                      quint64 bytesHere) const {
    ModelFit fit;
    fit.memory = offer.weightBytes + cacheBytes(offer, cache);
    fit.memoryIsLeast = offer.layers == 0;
    fit.memoryFree = freeMemory();
    fit.disk = offer.bytes - std::min(offer.bytes, bytesHere);
    if (offer.pypi)
        fit.disk += std::min(LargestWheel, offer.bytes);
    fit.diskFree = freeDisk(folder);
    if (offer.readBytes > 0)
        fit.tokensPerSecond = m_readBytesPerSecond / static_cast<double>(offer.readBytes);
    return fit;
}

void Machine::measure(int threads) {
    if (m_asked)
        return;
    m_asked = true;
    m_thread = std::jthread([this, threads, measurement = read](std::stop_token stop) {
        const double rate = measurement(threads, stop);
        if (stop.stop_requested())
            return;
        QMetaObject::invokeMethod(
            this,
            [this, rate] {
                m_readBytesPerSecond = rate;
                Q_EMIT measured();
            },
            Qt::QueuedConnection);
    });
}

} // namespace app
