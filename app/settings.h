#pragma once
#include "engine/types.h"

#include <QMap>
#include <QString>
#include <QStringList>

namespace app {

enum class Theme { System, Light, Dark };

/// Everything the settings panel shows; saved key by key in the store. Unknown or bad values fall back to the default.
struct Settings {
    QString modelPath;        // empty: the default model
    QStringList modelFolders; // searched besides the known ones
    engine::CacheOptions cache;
    engine::SamplingOptions sampling;
    QString systemPrompt; // for new chats; empty: the model's own
    QString chatFormat;   // empty: detected from the file
    int threads = 0;      // 0: one per physical core
    Theme theme = Theme::System;
    QString language; // empty: the system's
    bool inspectorVisible = false;

    bool operator==(const Settings&) const = default;
    static Settings fromMap(const QMap<QString, QString>& map);
    QMap<QString, QString> toMap() const;
};

} // namespace app
