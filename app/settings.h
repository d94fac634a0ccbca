#pragma once
#include "engine/types.h"

#include <QList>
#include <QMap>
#include <QString>
#include <QStringList>

namespace app {

enum class Theme { System, Light, Dark };

/// What the settings panel shows and what else is remembered of the window; saved key by key in the store. Unknown or bad values fall back to the default.
struct Settings {
    QString modelPath;        // empty: the default model
    QStringList modelFolders; // searched besides the known ones
    engine::CacheOptions cache;
    engine::SamplingOptions sampling;
    int longestAnswer = 0;                  // tokens; 0: as long as the model wants
    QStringList stopWords;                  // an answer ends in front of them
    QString systemPrompt;                   // for new chats; empty: the model's own
    QString chatFormat;                     // empty: detected from the file
    int threads = 0;                        // 0: one per physical core
    QString device = QStringLiteral("cpu"); // "auto", "cpu" or another name of engine::LoadOptions
    Theme theme = Theme::System;
    int textSize = 100; // percent of what the desktop asks for; one of textSizes()
    QString language;   // empty: the system's
    bool inspectorVisible = false;
    bool offerAnswered = false; // a better model was offered once, and taken or declined
    QString exportFolder;       // where the last chat was exported to; empty: documents

    bool operator==(const Settings&) const = default;
    static Settings fromMap(const QMap<QString, QString>& map);
    QMap<QString, QString> toMap() const;
};

/// The sizes of text there are to choose from, in percent, the smallest first.
const QList<int>& textSizes();
/// The next larger one (`step` 1) or smaller one (-1); the same at the end of the list.
int nextTextSize(int size, int step);

/// More threads than this machine has processors help nobody.
int mostThreads();

} // namespace app
