#include "app/compare_runner.h"

#include <QFile>

#include <algorithm>
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

double CompareCurve::perplexityFrom(std::size_t first) const {
    if (first >= losses.size())
        return 0;
    const auto begin = losses.begin() + static_cast<std::ptrdiff_t>(first);
    return std::exp(std::accumulate(begin, losses.end(), 0.0) / static_cast<double>(losses.size() - first));
}

double CompareCurve::chanceOfLast(std::size_t tokens) const {
    if (!done || losses.size() < tokens)
        return -1;
    return std::exp(-std::accumulate(losses.end() - static_cast<std::ptrdiff_t>(tokens), losses.end(), 0.0));
}

namespace {
constexpr std::size_t WarmTokens =
    64; // before that, the first token is a large part of all there is to look at
}

CompareRunner::CompareRunner(EnginePort& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    connect(&engine, &EnginePort::compareProgress, this, &CompareRunner::take);
    connect(&engine, &EnginePort::compareFinished, this, [this](engine::RequestId id, bool cancelled) {
        if (!m_running || id != m_reply.id())
            return;
        const Part& part = m_parts[m_part];
        for (std::size_t curve = part.first; curve < part.first + part.count; ++curve)
            m_curves[curve].done = !cancelled;
        if (!cancelled && m_part + 1 < m_parts.size()) {
            ++m_part;
            startPart();
        } else {
            m_running = false;
        }
        Q_EMIT changed();
    });
    connect(&engine, &EnginePort::failed, this, [this](engine::RequestId id, const QString& sentence) {
        if (!m_running || id != m_reply.id())
            return;
        m_running = false;
        m_problem = sentence;
        Q_EMIT changed();
    });
}

void CompareRunner::take(const engine::CompareProgress& progress) {
    if (!m_running || progress.id != m_reply.id() || m_curves.empty())
        return;
    // Runs come one after the other; within a run the count of tokens only grows.
    const std::size_t end = m_parts[m_part].first + m_parts[m_part].count;
    while (m_current + 1 < end &&
           m_curves[m_current].losses.size() + progress.newLosses.size() > progress.tokensRead) {
        m_curves[m_current].done = true;
        ++m_current;
    }
    CompareCurve& curve = m_curves[m_current];
    curve.losses.insert(curve.losses.end(), progress.newLosses.begin(), progress.newLosses.end());
    if (progress.firstTokenShare >= 0 && progress.tokensRead >= WarmTokens) {
        const int looks = ++m_looks[m_current];
        const double before = std::max(0.0, curve.firstTokenShare);
        curve.firstTokenShare = before + (static_cast<double>(progress.firstTokenShare) - before) / looks;
    }
    m_tokensRead = m_current * progress.tokensTotal + progress.tokensRead;
    m_tokensTotal = m_curves.size() * progress.tokensTotal;
    Q_EMIT changed();
}

void CompareRunner::start(const QString& text, const QList<Run>& runs, int maxTokens) {
    cancel();
    m_curves.clear();
    m_parts.clear();
    m_part = m_tokensRead = m_tokensTotal = 0;
    m_problem.clear();
    m_maxTokens = maxTokens;
    for (const Run& run : runs) {
        const QString own = run.text.isEmpty() ? text : run.text;
        if (m_parts.empty() || m_parts.back().text != own)
            m_parts.push_back({own, m_curves.size(), 0});
        ++m_parts.back().count;
        m_curves.push_back({run.label, run.options, {}, false});
    }
    m_looks.assign(m_curves.size(), 0);
    if (m_parts.empty())
        return;
    m_running = true;
    startPart();
    Q_EMIT changed();
}

void CompareRunner::startPart() {
    const Part& part = m_parts[m_part];
    m_current = part.first;
    engine::CompareRequest request;
    request.text = part.text.toStdString();
    request.maxTokens = m_maxTokens;
    for (std::size_t curve = part.first; curve < part.first + part.count; ++curve)
        request.runs.push_back(m_curves[curve].options);
    m_reply = m_engine.compare(std::move(request));
}

void CompareRunner::cancel() {
    if (m_running)
        m_reply.stop();
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

} // namespace app
