#include "tests/app/fake_engine.h"

#include <QFileInfo>

#include <algorithm>

namespace test {

FakeEngine::FakeEngine(QObject* parent) : EnginePort(parent) {
    status.capacity = 1024;
    status.sinks = 4;
    status.window = 1020;
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &FakeEngine::step);
}

int FakeEngine::answersAsked() const {
    return static_cast<int>(std::count_if(chats.begin(), chats.end(), [](const engine::ChatRequest& request) {
        return request.purpose != engine::Purpose::Prepare;
    }));
}

const engine::ChatRequest& FakeEngine::lastAnswer() const {
    return *std::find_if(chats.rbegin(), chats.rend(), [](const engine::ChatRequest& request) {
        return request.purpose != engine::Purpose::Prepare;
    });
}

engine::Reply FakeEngine::add(Job job) {
    job.id = ++m_lastId;
    const engine::Reply reply(job.id);
    job.onStop = std::make_shared<std::stop_callback<std::function<void()>>>(
        reply.stopToken(), [this, id = job.id] { stop(id); });
    m_jobs.push_back(std::move(job));
    if (!m_timer.isActive())
        m_timer.start(stepMs);
    return reply;
}

engine::Reply FakeEngine::load(const QString& path, const engine::LoadOptions& options) {
    loads.append(path);
    loadOptions.push_back(options);
    return add({Job::Kind::Load, 0, path});
}

engine::Reply FakeEngine::chat(engine::ChatRequest request) {
    if (onChat)
        onChat(request);
    chats.push_back(request);
    return add({Job::Kind::Chat, 0, {}, request.purpose});
}

engine::Reply FakeEngine::compare(engine::CompareRequest) {
    return add({Job::Kind::Compare, 0, {}});
}

void FakeEngine::stop(engine::RequestId id) {
    stops.append(id);
    for (Job& job : m_jobs) {
        if (job.id == id)
            job.stopped = true;
    }
    thaw();
}

void FakeEngine::thaw() {
    if (!m_jobs.empty() && !m_timer.isActive())
        m_timer.start(stepMs);
}

void FakeEngine::step() {
    if (m_jobs.empty() || (frozen && !m_jobs.front().stopped))
        return;
    Job job = m_jobs.front(); // a receiver may ask for more meanwhile
    ++m_jobs.front().step;
    const auto kind = job.kind;
    bool over = true;
    if (kind == Job::Kind::Load)
        over = stepLoad(job);
    else if (kind == Job::Kind::Chat)
        over = stepChat(job);
    else
        Q_EMIT compareFinished(job.id, job.stopped);
    if (over)
        m_jobs.pop_front();
    if (!m_jobs.empty())
        m_timer.start(stepMs);
}

bool FakeEngine::stepLoad(Job& job) {
    constexpr int steps = 3;
    if (job.stopped) {
        Q_EMIT loadCancelled(job.id);
        return true;
    }
    if (job.step < steps) {
        Q_EMIT loadProgress(job.id, static_cast<float>(job.step) / steps);
        return false;
    }
    if (brokenModels.contains(job.path)) {
        Q_EMIT failed(job.id, loadFailure);
        return true;
    }
    engine::ModelInfo info;
    info.path = job.path.toStdString();
    info.name = QFileInfo(job.path).completeBaseName().toStdString();
    info.quantisation = "Q4_1";
    info.device = device.toStdString();
    info.deviceProblem = deviceProblem.toStdString();
    info.weightBytes = 132'000'000;
    info.trainedLength = 2048;
    status.position = status.forgotten = 0;
    Q_EMIT modelLoaded(job.id, info);
    return true;
}

bool FakeEngine::stepChat(Job& job) {
    engine::GenerationResult result;
    result.generateSeconds = 0.1;
    result.reason = engine::StopReason::Cancelled;
    result.generatedTokens = std::max(0, job.step - 1);
    if (job.stopped) {
        Q_EMIT finished(job.id, result, status);
        return true;
    }
    if (job.step == 0) {
        status.position += 10;
        status.visible = static_cast<int>(std::min<engine::StreamPosition>(status.position, status.capacity));
        Q_EMIT readProgress(job.id, 10, 10, status);
        return false;
    }
    const int token = job.step - 1;
    const bool answers = job.purpose != engine::Purpose::Prepare;
    if (answers && failAfterTokens == token) {
        failAfterTokens = -1;
        Q_EMIT failed(job.id, failure);
        return true;
    }
    if (answers && token < answer.size()) {
        ++status.position;
        Q_EMIT textGenerated(job.id, answer[token], 1, status);
        return false;
    }
    result.reason = endReason;
    result.generatedTokens = answers ? token : 0;
    Q_EMIT finished(job.id, result, status);
    return true;
}

} // namespace test
