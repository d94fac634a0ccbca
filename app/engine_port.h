#pragma once
#include "engine/service.h"

#include <QObject>

namespace app {

/// The engine as the main thread sees it: commands down, signals up. EngineBridge is the real one; tests use a scripted one.
/// Main thread only.
class EnginePort : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    virtual engine::Reply load(const QString& path, const engine::LoadOptions& options) = 0;
    virtual engine::Reply chat(engine::ChatRequest request) = 0;
    virtual engine::Reply compare(engine::CompareRequest request) = 0;
    virtual void setCapture(engine::CaptureRequest request) = 0;
    virtual void setPaused(bool paused) = 0;
    virtual engine::Latest<engine::AttentionFrame>* frames() = 0; // null: this engine shows none
    virtual engine::Journal* journal() = 0;
    virtual engine::Recorder* recorder() { return nullptr; } // null: this engine records nothing

Q_SIGNALS: // with the id of the reply they belong to
    void loadProgress(engine::RequestId id, float fraction);
    void modelLoaded(engine::RequestId id, const engine::ModelInfo& info);
    void loadCancelled(engine::RequestId id);
    void readProgress(engine::RequestId id, int read, int total, const engine::CacheStatus& status);
    /// Coalesced: at most once per 16 ms.
    void textGenerated(engine::RequestId id, const QString& text, int tokens,
                       const engine::CacheStatus& status);
    void finished(engine::RequestId id, const engine::GenerationResult& result,
                  const engine::CacheStatus& status);
    /// The chat goes on on the CPU: modelMoved() follows when the model is there.
    void deviceFailed(engine::RequestId id, const QString& sentence);
    void modelMoved(engine::RequestId id, const engine::ModelInfo& info);
    void compareProgress(const engine::CompareProgress& progress);
    void compareFinished(engine::RequestId id, bool cancelled);
    void failed(engine::RequestId id, const QString& sentence);
};

} // namespace app
