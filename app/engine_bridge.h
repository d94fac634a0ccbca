#pragma once
#include "app/engine_port.h"

#include <QTimer>

#include <memory>

namespace app {

/// The real engine for the main thread. What it says is taken at once when it has been quiet, else every 16
/// ms: by then the service has joined the pieces of one answer, and of progress only the newest is told. No timer runs while nothing
/// happens. Main thread only; owns the engine thread.
class EngineBridge : public EnginePort {
    Q_OBJECT
public:
    explicit EngineBridge(QObject* parent = nullptr);

    engine::Reply load(const QString& path, const engine::LoadOptions& options) override;
    engine::Reply chat(engine::ChatRequest request) override;
    engine::Reply compare(engine::CompareRequest request) override;
    void setCapture(engine::CaptureRequest request) override;
    void setPaused(bool paused) override;
    engine::Latest<engine::AttentionFrame>* frames() override;
    engine::Journal* journal() override;
    engine::Recorder* recorder() override;

private:
    static constexpr int DrainMs = 16;

    void onWake();
    void drain();
    void tell(const engine::LoadProgress& event);
    void tell(const engine::ModelLoaded& event);
    void tell(const engine::LoadCancelled& event);
    void tell(const engine::ReadProgress& event);
    void tell(const engine::TextGenerated& event);
    void tell(const engine::Finished& event);
    void tell(const engine::DeviceFailed& event);
    void tell(const engine::ModelMoved& event);
    void tell(const engine::CompareProgress& event);
    void tell(const engine::CompareFinished& event);
    void tell(const engine::Failed& event);

    bool m_waiting = false;                     // events came while the timer ran
    QTimer* m_pause;                            // child
    std::unique_ptr<engine::Service> m_service; // last: joined before anything else here goes
};

} // namespace app
