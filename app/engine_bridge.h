#pragma once
#include "app/engine_port.h"

#include <QTimer>

#include <map>
#include <stop_token>

namespace app {

/// The real engine for the main thread. What it says is taken at once when it has been quiet, else every 16
/// ms: pieces of one answer are joined, of progress only the newest is told. No timer runs while nothing
/// happens. Main thread only; owns the engine thread.
class EngineBridge : public EnginePort {
    Q_OBJECT
public:
    explicit EngineBridge(QObject* parent = nullptr);
    ~EngineBridge() override;

    RequestId load(const QString& path, const engine::LoadOptions& options) override;
    RequestId chat(engine::ChatRequest request) override;
    RequestId compare(engine::CompareRequest request) override;
    void stop(RequestId id) override;
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
    void tell(const engine::CompareProgress& event);
    void tell(const engine::CompareFinished& event);
    void tell(const engine::Failed& event);
    std::stop_token newRequest();

    std::map<RequestId, std::stop_source> m_stops; // of what is asked and not over
    RequestId m_lastId = 0;
    bool m_waiting = false;                         // events came while the timer ran
    QTimer* m_pause;                                // child
    std::unique_ptr<engine::EngineThread> m_thread; // last: joined before anything else here goes
};

} // namespace app
