#pragma once
#include <QString>

namespace app::store {

/// Copies every row that can still be read from a damaged database into a new, empty one; the damaged file is
/// not changed. Returns the number of messages copied; 0 when nothing is readable. Never throws for damage.
qint64 salvage(const QString& damaged, const QString& fresh);

} // namespace app::store
