#pragma once
#include "app/store_error.h"

#include <QByteArray>

namespace app {

/// The one way to write a file for the user: beside its place, flushed, synced and every step checked, then renamed over the old one,
/// which stays whole until then. For the user alone (0600). What is no regular file (a device, a pipe) is written directly, and checked as
/// well. Any thread. Throws StoreError with the reason (kind Full for a full disk).
void writeFile(const QString& path, const QByteArray& bytes);

} // namespace app
