#pragma once
#include "engine/types.h"

#include <QObject>

#include <functional>
#include <stop_token>
#include <thread>

namespace app {

struct ModelOffer;

/// How a model and this computer go together.
struct ModelFit {
    quint64 memory = 0;         // weights and a full cache
    bool memoryIsLeast = false; // the cache's part is not known before the file is here
    quint64 memoryFree = 0;
    quint64 disk = 0; // that a download needs for a while
    quint64 diskFree = 0;
    double tokensPerSecond = 0; // at the start of a chat; 0: not measured yet

    bool memoryFits() const { return memory <= memoryFree; }
    bool diskFits() const { return disk <= diskFree; }
    /// With room for other programs, and fast enough to be read along.
    bool runsWell() const;
};

/// What this computer has for a model: memory, disk, and how fast it reads weights, measured once while the program runs. Main thread
/// only; the measurement has a thread of its own.
class Machine : public QObject {
    Q_OBJECT
public:
    explicit Machine(QObject* parent = nullptr);
    ~Machine() override;

    ModelFit fit(const ModelOffer& offer, const engine::CacheOptions& cache, const QString& folder,
                 quint64 bytesHere = 0) const;
    double readBytesPerSecond() const { return m_readBytesPerSecond; } // 0: not measured yet
    void
    measure(int threads); // once, less than a second; measured() follows. Ask while no answer is written.

    // What tests replace.
    std::function<quint64()> freeMemory;                      // for programs, without swapping
    std::function<quint64(const QString& folder)> freeDisk;   // for this user, where the folder is or will be
    std::function<double(int threads, std::stop_token)> read; // bytes a second; blocks

Q_SIGNALS:
    void measured();

private:
    double m_readBytesPerSecond = 0;
    bool m_asked = false;  // also when nothing came of it
    std::jthread m_thread; // last: joined before anything it uses goes
};

} // namespace app
