#pragma once
#include "app/store/connection.h"

#include <vector>

namespace app::store {

/// "Sumi" in ASCII: how one of our files is recognised.
constexpr qint64 kApplicationId = 0x53756d69;

/// One step from a version to the next; its SQL runs in one transaction with the new user_version.
struct Migration {
    int to;
    const char* sql;
};

/// What a new file gets, and how older ones become the same. Tests bring their own.
struct Schema {
    int version;
    const char* create;
    std::vector<Migration> migrations; // ascending
};

/// This program's schema.
const Schema& currentSchema();

/// Fills an empty file. One transaction.
void createSchema(Connection& connection, const Schema& schema);
/// Brings an older file up to date: a whole copy first ("<path>.v<version>.backup", through VACUUM INTO),
/// then step by step, each in one transaction. Killed anywhere, the file is at the old or the new version of
/// a step, never between. Throws SQLite::Exception or StoreError.
void migrate(Connection& connection, const Schema& schema);
/// The same without a copy, for what is one itself. Throws SQLite::Exception or StoreError.
void applyMigrations(Connection& connection, const Schema& schema);
/// A consistent copy of the database, 0600; an older copy of that name stays until the new one is whole.
/// Throws SQLite::Exception.
void backUp(Connection& connection, const QString& target);

/// Writes both full-text indexes anew from the texts.
void rebuildIndexes(Connection& connection);
/// Whether both full-text indexes agree with the texts (their own check, rank = 1); empty = all well. Needs a
/// writable connection.
QString checkIndexes(Connection& connection);

} // namespace app::store
