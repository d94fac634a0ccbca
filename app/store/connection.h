#pragma once
#include "app/database.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <concepts>
#include <map>
#include <memory>
#include <stop_token>
#include <string_view>
#include <type_traits>

namespace app::store {

/// No room on the disk, however SQLite puts it. `path`: the database.
bool isFull(const SQLite::Exception& error, const QString& path);

/// A file whose presence asks the next start for a full check; made when SQLite reports damage.
QString suspicionMark(const QString& path);

/// A cached statement in use; reset when it goes out of scope. Texts are UTF-8 and may hold NUL.
class Query {
public:
    explicit Query(SQLite::Statement& statement) : m_statement(statement) {}
    ~Query();
    Query(const Query&) = delete;

    Query& bind(std::integral auto value) { return bindInteger(value); }
    Query& bind(double value);
    Query& bind(const QString& value);
    Query& bindNull();
    Query& bindIdOrNull(qint64 id) { return id ? bind(id) : bindNull(); }
    bool next() { return m_statement.executeStep(); }
    int run() { return m_statement.exec(); } // rows changed

    qint64 integer(int column) const { return m_statement.getColumn(column).getInt64(); }
    double real(int column) const { return m_statement.getColumn(column).getDouble(); }
    QString text(int column) const;
    /// Its beginning: whole characters that take at most `bytes`.
    QString beginning(int column, int bytes) const;
    bool isNull(int column) const { return m_statement.isColumnNull(column); }

private:
    Query& bindInteger(std::int64_t value);

    SQLite::Statement& m_statement;
    int m_bound = 0;
};

/// How much has to be on disk when a transaction returns. Normal survives the death of the program, Full also
/// that of the machine; a Full commit syncs the write-ahead log and with it all Normal commits before it.
enum class Durability { Normal, Full };

/// One SQLite connection with our settings. One thread at a time.
class Connection {
public:
    enum class Mode {
        Create,    // a new file in the place of nothing
        ReadWrite, // an existing file
        ReadOnly,
        Alone, // to read where there is no room for the file that WAL keeps beside it: others have to wait meanwhile
        Immutable // a file that cannot change and whose folder cannot be written: no WAL, no locks
    };
    Connection(const QString& path, Mode mode); // throws SQLite::Exception
    ~Connection();

    sqlite3* handle() { return m_database.getHandle(); }
    QString path() const { return m_path; }
    bool isReadOnly() const { return m_readOnly; }
    /// Refuses writing from here on, with this sentence.
    void makeReadOnly(const QString& why);

    /// Until told otherwise closing leaves the log beside the file: a file under suspicion is not to be
    /// changed.
    void checkpointOnClose(bool yes);

    /// Statements end with SQLITE_INTERRUPT soon after a stop; {}: never.
    void stopWith(std::stop_token stop);

    Query query(std::string_view sql); // `sql` must outlive the connection (a literal)
    void execute(const char* sql) { m_database.exec(sql); }
    qint64 number(const char* sql); // the only value of the only row
    /// All of another one, in the place of what is here. Throws SQLite::Exception.
    void copyFrom(Connection& other);
    qint64 lastId() { return m_database.getLastInsertRowid(); }

    /// All or nothing; inside another one it is a savepoint of it. SQLite's errors come out as StoreError.
    template <class Work>
    auto write(Durability durability, Work work) {
        requireWritable();
        return translated([&] {
            Scope scope(*this, durability);
            if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
                work();
                scope.commit();
            } else {
                auto result = work();
                scope.commit();
                return result;
            }
        });
    }
    /// One consistent picture.
    template <class Work>
    auto read(Work work) {
        return translated([&] {
            ReadScope scope(*this);
            return work();
        });
    }
    template <class Work>
    auto translated(Work work) {
        try {
            return work();
        } catch (const SQLite::Exception& error) {
            throw storeError(error);
        }
    }
    StoreError storeError(const SQLite::Exception& error);

private:
    class Scope {
    public:
        Scope(Connection& connection, Durability durability);
        ~Scope();
        void commit();

    private:
        Connection& m_connection;
        bool m_open = true;
    };
    class ReadScope {
    public:
        explicit ReadScope(Connection& connection);
        ~ReadScope();

    private:
        Connection& m_connection;
        bool m_open;
    };
    void requireWritable() const;
    void setDurability(Durability durability);

    QString m_path;
    std::stop_token m_stop;
    SQLite::Database m_database;
    std::map<std::string_view, std::unique_ptr<SQLite::Statement>> m_statements;
    int m_depth = 0;
    bool m_readOnly = false;
    QString m_whyReadOnly;
    Durability m_durability = Durability::Normal;
};

} // namespace app::store
