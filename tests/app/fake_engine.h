#pragma once
#include "app/engine_port.h"

#include <QStringList>
#include <QTimer>

#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

namespace test {

/// An engine that plays a script: no model, no thread. Requests are done one after the other on a timer, as
/// the real one does them. Set the public members before the request they are for. Main thread.
class FakeEngine : public app::EnginePort {
    Q_OBJECT
public:
    explicit FakeEngine(QObject* parent = nullptr);

    // The script
    QStringList answer = {QStringLiteral("Hello"), QStringLiteral(" there"),
                          QStringLiteral(".")}; // tokens of every answer
    int stepMs = 0;                             // between two tokens, or two steps of loading
    int failAfterTokens = -1;                   // the next answer fails there, once
    QString failure = QStringLiteral("The engine stumbled.");
    QStringList brokenModels; // paths whose loading fails with loadFailure
    QString device = QStringLiteral("CPU, 2 threads"), deviceProblem; // of every model that is loaded
    QString loadFailure = QStringLiteral("This file is not a model.");
    engine::StopReason endReason = engine::StopReason::EndOfTurn;
    engine::CacheStatus status; // goes out with every event; position and visible count on by themselves
    bool frozen = false;        // nothing moves until thaw()
    void thaw();
    std::function<void(const engine::ChatRequest&)> onChat; // called inside chat()

    // What was asked
    std::vector<engine::ChatRequest> chats;
    QStringList loads;
    std::vector<engine::LoadOptions> loadOptions;
    QList<engine::RequestId> stops;
    int answersAsked() const; // chats that are not only prepared
    const engine::ChatRequest& lastAnswer() const;
    bool isIdle() const { return m_jobs.empty(); }

    engine::Reply load(const QString& path, const engine::LoadOptions& options) override;
    engine::Reply chat(engine::ChatRequest request) override;
    engine::Reply compare(engine::CompareRequest request) override;
    void setCapture(engine::CaptureRequest) override {}
    void setPaused(bool) override {}
    engine::Latest<engine::AttentionFrame>* frames() override { return nullptr; }
    engine::Journal* journal() override { return nullptr; }

private:
    struct Job {
        enum class Kind { Load, Chat, Compare } kind;
        engine::RequestId id;
        QString path;
        engine::Purpose purpose = engine::Purpose::Answer;
        int step = 0;
        bool stopped = false;
        std::shared_ptr<std::stop_callback<std::function<void()>>> onStop = {};
    };
    engine::Reply add(Job job);
    void stop(engine::RequestId id);
    void step();
    bool stepLoad(Job& job); // true: over
    bool stepChat(Job& job);

    std::deque<Job> m_jobs;
    engine::RequestId m_lastId = 0;
    QTimer m_timer;
};

} // namespace test
