#pragma once
#include "app/database.h"
#include "app/store/opening.h"

namespace app {

struct Database::Impl {
    store::Opened opened;
    QString path;
    Access access = Access::ReadWrite;

    store::Connection& connection() { return *opened.connection; }
    /// Streaming answers seen by a reader belong to a running writer, or were left by one that died.
    bool isWriterAlive() const;
};

} // namespace app
