#pragma once
#include <QByteArray>
#include <QFile>
#include <QHash>

#include <optional>

namespace app::store {

/// The pages of a database file that SQLite may not be able to open, as of the last commit in its log. Every number of the file is checked
/// against what is really there; what cannot be read is absent. Changes nothing. Layout: sqlite.org/fileformat2.html. One thread.
class PageFile {
public:
    /// With `pageSize` 0: what the header says, or the log's, or SQLite's usual 4,096.
    explicit PageFile(const QString& path, int pageSize = 0);

    int pageSize() const { return m_pageSize; }
    int usableSize() const { return m_pageSize - m_reserved; }
    qint64 count() const { return m_count; } // pages are numbered from 1
    qint64 bytes() const { return m_count * m_pageSize; }
    std::optional<QByteArray> page(qint64 number);

private:
    void readHeader(int wanted);
    void readLog();

    QFile m_file, m_log;
    int m_pageSize = 0, m_reserved = 0;
    qint64 m_count = 0;
    QHash<qint64, qint64> m_logged; // page number to its place in the log
};

} // namespace app::store
