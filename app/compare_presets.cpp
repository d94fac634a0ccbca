#include "app/compare_presets.h"

#include "app/numbers.h"

#include <QCoreApplication>

#include <algorithm>

namespace app {

namespace {

using Kind = ComparePreset::Kind;
using Run = CompareRunner::Run;

constexpr int Sinks = 4;
constexpr int RepeatedWords = 1500; // as many tokens

QString tr(const char* text) {
    return QCoreApplication::translate("app::ComparePresets", text);
}

QString story(QString* problem) {
    return readTextFile(QStringLiteral(":/texts/story.txt"), problem);
}

Run run(const QString& label, engine::CacheMode mode, int sinks, int window, const QString& text = {}) {
    engine::EvaluationOptions options;
    options.mode = mode;
    options.sinks = sinks;
    options.window = window;
    return {label, options, text};
}

Run streaming(const QString& label, int sinks, int capacity, const QString& text = {}) {
    return run(label, engine::CacheMode::Streaming, sinks, capacity - sinks, text);
}

QList<Run> modes(int capacity, bool withRecompute) {
    QList<Run> runs = {streaming(tr("streaming, %1 + %2").arg(Sinks).arg(capacity - Sinks), Sinks, capacity),
                       run(tr("window, 0 + %1").arg(capacity), engine::CacheMode::Window, 0, capacity),
                       run(tr("dense, everything"), engine::CacheMode::Dense, 0, 0)};
    if (withRecompute)
        runs.append(run(tr("recompute (slow)"), engine::CacheMode::Recompute, 0, capacity));
    return runs;
}

QList<Run> lineFeeds(int capacity) {
    Run feeds = streaming(tr("four line feeds + %1").arg(capacity - Sinks), Sinks, capacity);
    feeds.options.front.assign(Sinks, "\n");
    return {streaming(tr("its own first four + %1").arg(capacity - Sinks), Sinks, capacity),
            run(tr("no sinks, 0 + %1").arg(capacity), engine::CacheMode::Window, 0, capacity), feeds};
}

QString times(double factor) {
    return numberLocale().toString(factor, 'f', factor < 10 ? 1 : 0);
}

QString share(double value) {
    return numberLocale().toString(value * 100, 'f',
                                   value >= 0.1     ? 0
                                   : value >= 0.001 ? 1
                                                    : 4) +
           QStringLiteral(" %");
}

/// Perplexity of a curve behind the place where the smallest cache begins to forget.
double settled(const CompareCurve& curve, std::size_t from) {
    return curve.perplexityFrom(std::min(from, curve.losses.size() / 2));
}

QString modesVerdict(const std::vector<CompareCurve>& curves) {
    const auto from = static_cast<std::size_t>(curves[1].options.window);
    const double kept = settled(curves[0], from), dropped = settled(curves[1], from);
    return tr("Without sinks each word is %1 times as surprising as with them (%2 against %3).")
        .arg(times(dropped / kept), times(dropped), times(kept));
}

QString lineFeedVerdict(const std::vector<CompareCurve>& curves) {
    const auto from = static_cast<std::size_t>(curves[1].options.window);
    return tr("%1 with its own first tokens, %2 with line feeds, %3 with none: that something stands there "
              "matters "
              "more than what it is.")
        .arg(times(settled(curves[0], from)), times(settled(curves[2], from)),
             times(settled(curves[1], from)));
}

QString passkeyVerdict(const std::vector<CompareCurve>& curves) {
    return tr("How likely the right passkey seems at the end: %1 where its beginning is in view, %2 where it "
              "is "
              "above the line. Forgotten is forgotten.")
        .arg(share(curves[1].chanceOfLast(PasskeyTokens)), share(curves[0].chanceOfLast(PasskeyTokens)));
}

} // namespace

QList<ComparePreset> comparePresets() {
    return {{Kind::Modes, tr("Three ways to forget"),
             tr("Sinks and window, window alone, or nothing forgotten. The window alone breaks down when the "
                "first "
                "token leaves.")},
            {Kind::SinkCount, tr("No sink"),
             tr("The same cache with four sinks, with none and with one: a single token holds the model "
                "together.")},
            {Kind::LineFeeds, tr("Four line feeds"),
             tr("Four empty lines in front, pinned as sinks. They mean nothing, and serve all the same.")},
            {Kind::RepeatedWord, tr("One word repeated"),
             tr("When all tokens are alike none of them is the first: no sink forms, and the model loses its "
                "footing."),
             false},
            {Kind::Passkey, tr("Passkey"),
             tr("A number is told at the beginning and asked for at the end, with more text between than a "
                "small cache "
                "holds."),
             false},
            {Kind::CodeAndProse, tr("Code or prose"),
             tr("The same cache on a story and on program code: how well each is predicted, and how much of "
                "the attention "
                "rests on the first token."),
             false}};
}

QList<Run> presetRuns(Kind kind, int capacity, bool withRecompute, QString* problem) {
    switch (kind) {
    case Kind::Modes:
        return modes(capacity, withRecompute);
    case Kind::SinkCount:
        return {streaming(tr("four sinks + %1").arg(capacity - Sinks), Sinks, capacity),
                run(tr("no sink, 0 + %1").arg(capacity), engine::CacheMode::Window, 0, capacity),
                streaming(tr("one sink + %1").arg(capacity - 1), 1, capacity)};
    case Kind::LineFeeds:
        return lineFeeds(capacity);
    case Kind::RepeatedWord:
        return {streaming(tr("the story"), Sinks, capacity, story(problem)),
                streaming(tr("one word, again and again"), Sinks, capacity,
                          QStringLiteral(" boat").repeated(RepeatedWords).mid(1))};
    case Kind::Passkey: {
        const QString text = readTextFile(QStringLiteral(":/texts/passkey.txt"), problem).trimmed();
        // Always a small cache and one that holds the whole text: this is not about their exact sizes.
        return {streaming(tr("4 + 252: told above the line"), Sinks, 256, text),
                streaming(tr("4 + 2,044: still in view"), Sinks, 2048, text)};
    }
    case Kind::CodeAndProse: {
        const QString code = readTextFile(QStringLiteral(":/texts/code.txt"), problem);
        return {streaming(tr("the story"), Sinks, capacity, story(problem)),
                streaming(tr("program code"), Sinks, capacity, code)};
    }
    }
    return {};
}

QString presetVerdict(Kind kind, const std::vector<CompareCurve>& curves) {
    const bool done =
        !curves.empty() && std::all_of(curves.begin(), curves.end(), [](const CompareCurve& curve) {
            return curve.done && !curve.losses.empty();
        });
    if (!done)
        return {};
    switch (kind) {
    case Kind::Modes:
    case Kind::SinkCount:
        return modesVerdict(curves);
    case Kind::LineFeeds:
        return lineFeedVerdict(curves);
    case Kind::RepeatedWord:
        return tr("The first token gets %1 of all attention in the story, and %2 where every token is the "
                  "same.")
            .arg(share(curves[0].firstTokenShare), share(curves[1].firstTokenShare));
    case Kind::Passkey:
        return passkeyVerdict(curves);
    case Kind::CodeAndProse:
        return tr("Perplexity %1 on the story, %2 on code; the first token gets %3 and %4 of all attention.")
            .arg(times(curves[0].perplexity()), times(curves[1].perplexity()),
                 share(curves[0].firstTokenShare), share(curves[1].firstTokenShare));
    }
    return {};
}

} // namespace app
