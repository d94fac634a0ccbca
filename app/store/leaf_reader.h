#pragma once
#include "app/store/page_file.h"

#include <functional>
#include <variant>
#include <vector>

namespace app::store {

struct Blob {
    QByteArray bytes;
};
using Value = std::variant<std::monostate, qint64, double, QString, Blob>; // monostate: NULL

/// One row as it lies in a leaf of some table, or of an index (which is how tables WITHOUT ROWID are stored).
struct Record {
    bool isTable = false;
    qint64 rowId = 0; // of a table; a column that is its alias is NULL
    std::vector<Value> values;
    bool isCut = false; // its end is lost: the last text is shorter, what follows it is absent

    qint64 integer(std::size_t column) const;
    double real(std::size_t column) const;
    QString text(std::size_t column) const;
    bool isNull(std::size_t column) const;
    bool isInteger(std::size_t column) const;
    bool isNumber(std::size_t column) const;
    bool isText(std::size_t column) const;
};

/// Reads what lies in the leaf pages, whatever has become of the pages above them: what can be told without the schema. Whose row it is has
/// to be seen from its values. Time and memory are linear in the file, whatever its bytes are. One thread.
class LeafReader {
public:
    explicit LeafReader(PageFile& file) : m_file(file), m_overflowLeft(4 * file.bytes()) {}

    void readAll(const std::function<void(const Record&)>& use);

private:
    void readLeaf(const QByteArray& page, const std::function<void(const Record&)>& use);
    bool readCell(const QByteArray& page, qsizetype at, bool isTable, Record& record);
    QByteArray payload(const QByteArray& page, qsizetype at, qint64 size, bool isTable);

    PageFile& m_file;
    qint64
        m_overflowLeft; // bytes of overflow pages that are still followed: damaged rows may all point at the same long chain
};

} // namespace app::store
