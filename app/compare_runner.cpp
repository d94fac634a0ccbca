#include "app/compare_runner.h"

#include <QFile>

#include <cmath>
#include <numeric>

namespace app {

double CompareCurve::perplexityAt(std::size_t index, std::size_t span) const {
    if (losses.empty())
        return 0;
    const std::size_t last = std::min(index, losses.size() - 1);
    const std::size_t first = last + 1 > span ? last + 1 - span : 0;
    double sum = 0;
    for (std::size_t i = first; i <= last; ++i)
        sum += static_cast<double>(losses[i]);
    return std::exp(sum / static_cast<double>(last + 1 - first));
}

double CompareCurve::perplexity() const {
    if (losses.empty())
        return 0;
    return std::exp(std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size()));
}

CompareRunner::CompareRunner(EnginePort& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    connect(&engine, &EnginePort::compareProgress, this, [this](const engine::CompareProgress& progress) {
        if (!m_running || progress.id != m_request || m_curves.empty())
            return;
        // Runs come one after the other; within a run the count of tokens only grows.
        while (m_current + 1 < m_curves.size() &&
               m_curves[m_current].losses.size() + progress.newLosses.size() > progress.tokensRead) {
            m_curves[m_current].done = true;
            ++m_current;
        }
        auto& losses = m_curves[m_current].losses;
        losses.insert(losses.end(), progress.newLosses.begin(), progress.newLosses.end());
        m_tokensRead = m_current * progress.tokensTotal + progress.tokensRead;
        m_tokensTotal = m_curves.size() * progress.tokensTotal;
        Q_EMIT changed();
    });
    connect(&engine, &EnginePort::compareFinished, this, [this](engine::RequestId id, bool cancelled) {
        if (!m_running || id != m_request)
            return;
        m_running = false;
        for (CompareCurve& curve : m_curves)
            curve.done = !cancelled;
        Q_EMIT changed();
    });
    connect(&engine, &EnginePort::failed, this, [this](engine::RequestId id, const QString& sentence) {
        if (!m_running || id != m_request)
            return;
        m_running = false;
        m_problem = sentence;
        Q_EMIT changed();
    });
}

void CompareRunner::start(const QString& text, const QList<Run>& runs, int maxTokens) {
    cancel();
    m_curves.clear();
    m_current = m_tokensRead = m_tokensTotal = 0;
    m_problem.clear();
    engine::CompareRequest request;
    request.text = text.toStdString();
    request.maxTokens = maxTokens;
    for (const Run& run : runs) {
        m_curves.push_back({run.label, run.options, {}, false});
        request.runs.push_back(run.options);
    }
    m_running = true;
    m_request = m_engine.compare(std::move(request));
    Q_EMIT changed();
}

void CompareRunner::cancel() {
    if (m_running)
        m_engine.stop(m_request);
}

namespace {
CompareRunner::Run run(const QString& label, engine::CacheMode mode, int sinks, int window) {
    engine::EvaluationOptions options;
    options.mode = mode;
    options.sinks = sinks;
    options.window = window;
    return {label, options};
}
} // namespace

QList<CompareRunner::Run> sinkCountRuns(int capacity) {
    QList<CompareRunner::Run> runs;
    for (const int sinks : {4, 0, 1}) {
        runs.append(run(
            CompareRunner::tr("%n sink(s)", nullptr, sinks) + QStringLiteral(" + %1").arg(capacity - sinks),
            sinks == 0 ? engine::CacheMode::Window : engine::CacheMode::Streaming, sinks, capacity - sinks));
    }
    return runs;
}

QString readTextFile(const QString& path, QString* problem) {
    constexpr qint64 Largest = 8 << 20;
    QFile file(path);
    if (path.isEmpty() || !file.open(QIODevice::ReadOnly)) {
        *problem = path.isEmpty() ? CompareRunner::tr("No file was chosen.")
                                  : CompareRunner::tr("%1 cannot be read: %2").arg(path, file.errorString());
        return {};
    }
    if (file.size() > Largest) {
        *problem = CompareRunner::tr("%1 is larger than 8 MB.").arg(path);
        return {};
    }
    return QString::fromUtf8(file.readAll());
}

QList<CompareRunner::Run> standardRuns(int sinks, int capacity, bool withRecompute) {
    QList<CompareRunner::Run> runs = {
        run(CompareRunner::tr("streaming, %1 + %2").arg(sinks).arg(capacity - sinks),
            engine::CacheMode::Streaming, sinks, capacity - sinks),
        run(CompareRunner::tr("window, 0 + %1").arg(capacity), engine::CacheMode::Window, 0, capacity),
        run(CompareRunner::tr("dense, everything"), engine::CacheMode::Dense, 0, 0)};
    if (withRecompute)
        runs.append(run(CompareRunner::tr("recompute (slow)"), engine::CacheMode::Recompute, 0, capacity));
    return runs;
}

} // namespace app
