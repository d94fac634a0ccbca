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
    double firstTokenShare = -1; // of attention, mean over the looks taken once the window was warm; -1: none

    /// exp(mean of the newest `span` losses up to and including token `index`).
    double perplexityAt(std::size_t index, std::size_t span = 256) const;
    double perplexity() const; // over everything so far
    /// exp(mean) over the losses from `first` on; 0: none.
    double perplexityFrom(std::size_t first) const;
    /// How likely the last `tokens` of the text were, all together; -1: not there yet.
    double chanceOfLast(std::size_t tokens) const;
};

/// Reads texts in several modes, each in a cache of its own, while the chat stays usable (the engine does it
/// in turns). Main thread.
class CompareRunner : public QObject {
    Q_OBJECT
public:
    explicit CompareRunner(EnginePort& engine, QObject* parent = nullptr);

    /// What is compared: a label, a mode, and the text where it is not the one that all share.
    struct Run {
        QString label;
        engine::EvaluationOptions options;
        QString text = {}; // empty: the common one
    };
    /// Replaces what was there. Runs of the same text, one after the other, are one request to the engine.
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
    struct Part { // of the comparison: one request
        QString text;
        std::size_t first = 0, count = 0; // its curves
    };
    void startPart();
    void take(const engine::CompareProgress& progress);

    EnginePort& m_engine;
    engine::Reply m_reply;
    bool m_running = false;
    std::vector<CompareCurve> m_curves;
    std::vector<Part> m_parts;
    std::size_t m_part = 0;
    std::size_t m_current = 0; // curve that is being read
    std::vector<int> m_looks;  // one a curve: how many shares its mean is of
    int m_maxTokens = 0;
    std::size_t m_tokensRead = 0, m_tokensTotal = 0;
    QString m_problem;
};

/// A UTF-8 file or resource of at most 8 MB; a sentence in `problem` when it cannot be read.
QString readTextFile(const QString& path, QString* problem);

} // namespace app
