#pragma once
#include <QByteArray>
#include <QFile>

namespace app::downloads {

/// A file that grows while it is fetched, beside its later place and under a name that no program takes for a model. For the user alone
/// (0600). Any one thread at a time. Everything throws StoreError with the reason (kind Full for a full disk).
class PartFile {
public:
    explicit PartFile(const QString& path); // opens it, or makes it
    qint64 size() const { return m_size; }
    void append(const char* bytes, qint64 count);
    void append(const QByteArray& bytes) { append(bytes.constData(), bytes.size()); }
    void truncate(qint64 size);
    void sync(); // it is on the disk

private:
    QFile m_file;
    qint64 m_size = 0;
};

/// Gives a finished file its name; the one that was there is replaced in the same moment.
void moveIntoPlace(const QString& from, const QString& to);

} // namespace app::downloads
