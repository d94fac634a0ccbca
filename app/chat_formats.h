#pragma once
#include "engine/chat_format.h"

#include <QStringList>

namespace app {

/// The names that Settings::chatFormat may hold. Any thread.
inline QStringList chatFormatNames() {
    QStringList names;
    for (const engine::ChatFormat& format : engine::ChatFormat::families())
        names.append(QString::fromStdString(format.name));
    return names;
}

} // namespace app
