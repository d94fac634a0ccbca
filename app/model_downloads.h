#pragma once
#include "app/downloads_patience.h"
#include "app/machine.h"
#include "app/model_offer.h"

#include <QObject>

#include <memory>

namespace app {

class HuggingFace;

/// How far a model is on its way to this computer. Plain data.
struct DownloadState {
    /// Queued: another one comes first. Checking: all of it is here and is compared with its SHA-256. Paused: stopped by the user, or by the
    /// end of the program. Failed: see `problem`. Here: it can be used, see `path`.
    enum class Phase { None, Queued, Fetching, Checking, Paused, Failed, Here } phase = Phase::None;
    quint64 done = 0, total = 0; // bytes; while Checking those that were checked
    double bytesPerSecond = 0;   // of the last seconds; 0: not known
    int secondsLeft = -1;        // -1: not known
    QString problem;             // Failed: why; Fetching: what it waits for, empty: nothing
    QString path;                // Here: the file

    bool isUnderWay() const {
        return phase == Phase::Queued || phase == Phase::Fetching || phase == Phase::Checking;
    }
};

/// Brings models to this computer, one after the other. What is here when one is stopped, fails or the program ends is kept, and the next
/// start() goes on from there. A file gets its name only when its size and SHA-256 are right. Main thread only; never blocks it.
class ModelDownloads : public QObject {
    Q_OBJECT
public:
    explicit ModelDownloads(QObject* parent = nullptr);
    ~ModelDownloads() override;

    /// The catalogue, then what else was begun, newest last.
    QList<ModelOffer> offers() const;
    DownloadState state(const ModelOffer& offer) const;
    bool isBusy() const; // something is under way

    void start(const ModelOffer& offer); // or go on
    void pause(const QString& id);
    void remove(const QString& id); // what was fetched of it, too; not a finished model

    Machine& machine();
    HuggingFace& huggingFace();
    ModelFit fit(const ModelOffer& offer, const engine::CacheOptions& cache) const;

    void setPatience(const DownloadPatience& patience); // with servers, from the next start() on

Q_SIGNALS:
    void changed(const QString& id); // its state; four times a second while it is fetched
    void offersChanged();
    void arrived(const QString& id, const QString& path);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
