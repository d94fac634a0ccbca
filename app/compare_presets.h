#pragma once
#include "app/compare_runner.h"

namespace app {

/// An experiment of the Compare tab: what is read, and what it shows. Plain data and pure functions.
struct ComparePreset {
    enum class Kind { Modes, SinkCount, LineFeeds, RepeatedWord, Passkey, CodeAndProse };
    Kind kind = Kind::Modes;
    QString name;          // on its button
    QString purpose;       // one sentence: what it shows
    bool onOwnText = true; // on the text that the person chose; else on texts of its own
};
QList<ComparePreset> comparePresets();

/// The runs of a preset for a cache of `capacity` tokens; texts of its own are read from the resources, a
/// sentence in `problem` when that fails.
QList<CompareRunner::Run> presetRuns(ComparePreset::Kind kind, int capacity, bool withRecompute,
                                     QString* problem);

/// What came out, as a sentence with the numbers; empty while there is nothing to say yet.
QString presetVerdict(ComparePreset::Kind kind, const std::vector<CompareCurve>& curves);

/// Tokens of the passkey at the end of its text: one for each digit.
inline constexpr std::size_t PasskeyTokens = 4;

} // namespace app
