#pragma once
#include "app/store/connection.h"
#include "app/store/schema.h"
#include "app/store/writer_lock.h"

namespace app::store {

/// A database that can be used, whatever state the disk was in.
struct Opened {
    WriterLock lock;            // this and the next outlive the connection
    std::shared_ptr<void> copy; // the private copy a reader works on where the folder cannot be written
    std::unique_ptr<Connection> connection;
    QString notice;       // a sentence when it is read-only or something was moved aside
    bool mayPass = false; // read-only for a reason that can pass: opening it again later may give more
};

/// Creates, repairs, migrates or opens for writing; read-only with a notice where writing is impossible.
/// Throws StoreError.
Opened openForWriting(const QString& path, const Schema& schema);
/// Never changes the file. Throws StoreError.
Opened openForReading(const QString& path, const Schema& schema);

StoreError damagedFile(const QString& path);
StoreError foreignFile(const QString& path);

} // namespace app::store
