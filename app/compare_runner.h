#pragma once
#include "app/engine_port.h"

#include <QObject>

#include <vector>

namespace app {

/// One curve of a comparison: what a mode lost on every token of the text.
struct CompareCurve {
    QString label; // "streaming, 4 sinks + 252"
    engine::EvaluationOptions options;
    std::vector<float> losses; // nats per token, in order
    bool done = false;

    /// exp(mean of the newest `span` losses up to and including token `index`).
    double perplexityAt(std::size_t index, std::size_t span = 256) const;
    double perplexity() const; // over everything so far
};

/// Reads one text in several modes, each in a cache of its own, while the chat stays usable (the engine does
/// it in turns). Main thread.
class CompareRunner : public QObject {
    Q_OBJECT
public:
    explicit CompareRunner(EnginePort& engine, QObject* parent = nullptr);

    /// What is compared: pairs of a label and a mode. Replaces what was there.
    struct Run {
        QString label;
        engine::EvaluationOptions options;
    };
    void start(const QString& text, const QList<Run>& runs, int maxTokens);
    void cancel();

    bool running() const { return m_running; }
    const std::vector<CompareCurve>& curves() const { return m_curves; }
    std::size_t tokensRead() const { return m_tokensRead; }   // of all runs
    std::size_t tokensTotal() const { return m_tokensTotal; } // of all runs; 0 until known
    QString problem() const { return m_problem; }

Q_SIGNALS:
    void changed();

private:
    EnginePort& m_engine;
    engine::RequestId m_request = 0;
    bool m_running = false;
    std::vector<CompareCurve> m_curves;
    std::size_t m_current = 0; // curve that is being read
    std::size_t m_tokensRead = 0, m_tokensTotal = 0;
    QString m_problem;
};

/// The runs of the Compare tab for a cache of `capacity` tokens.
QList<CompareRunner::Run> standardRuns(int sinks, int capacity, bool withRecompute);
/// The same cache with 0, 1 and 4 sinks.
QList<CompareRunner::Run> sinkCountRuns(int capacity);
/// A UTF-8 file or resource of at most 8 MB; a sentence in `problem` when it cannot be read.
QString readTextFile(const QString& path, QString* problem);

} // namespace app
