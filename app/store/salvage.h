#pragma once
#include <QString>

namespace app::store {

/// Copies every row that lies in a whole leaf page of a damaged database, and its log, into a new, empty one, whatever is lost of the pages
/// above; the damaged file is not changed, nor opened by SQLite. Returns the number of messages copied; 0 when nothing is readable. Throws
/// StoreError only when the new one cannot be written.
qint64 salvage(const QString& damaged, const QString& fresh);

} // namespace app::store
