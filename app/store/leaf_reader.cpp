#include "app/store/leaf_reader.h"

#include <QtEndian>

#include <algorithm>
#include <bit>

namespace app::store {

namespace {

constexpr char kTableLeaf = 0x0d, kIndexLeaf = 0x0a;
constexpr int kLeafHeader = 8;
constexpr std::size_t kMostColumns = 100; // no table of ours comes near

/// A number of one to nine bytes; false: it does not end before the bytes do.
bool readVarint(QByteArrayView bytes, qsizetype& at, qint64& value) {
    quint64 result = 0;
    for (int i = 0; i < 9; ++i) {
        if (at >= bytes.size())
            return false;
        const auto byte = static_cast<uchar>(bytes[at++]);
        if (i == 8) {
            value = static_cast<qint64>(result << 8 | byte);
            return true;
        }
        result = result << 7 | (byte & 0x7f);
        if (!(byte & 0x80))
            break;
    }
    value = static_cast<qint64>(result);
    return true;
}

/// Bytes of a value by its serial type; -1: there is no such type.
qint64 sizeOf(qint64 type) {
    static constexpr int kSizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    if (type >= 0 && type < 10)
        return kSizes[type];
    return type < 12 ? -1 : (type - 12) / 2;
}

Value valueOf(qint64 type, QByteArrayView bytes) {
    if (type == 0)
        return {};
    if (type == 8 || type == 9)
        return type - 8;
    if (type >= 12)
        return type % 2 ? Value(QString::fromUtf8(bytes)) : Value(Blob{bytes.toByteArray()});
    qint64 number = static_cast<signed char>(bytes[0]) < 0 ? -1 : 0;
    for (const char byte : bytes)
        number = static_cast<qint64>(static_cast<quint64>(number) << 8 | static_cast<uchar>(byte));
    return type == 7 ? Value(std::bit_cast<double>(number)) : Value(number);
}

/// A text whose end is lost: whole characters, without the zeros of a page that was wiped.
QString rest(QByteArrayView bytes) {
    while (!bytes.isEmpty() && bytes.back() == 0)
        bytes.chop(1);
    QString text = QString::fromUtf8(bytes);
    if (text.endsWith(QChar(QChar::ReplacementCharacter)))
        text.chop(1);
    return text;
}

/// False: this is no record of `size` bytes. `bytes` may be shorter.
bool decode(QByteArrayView bytes, qint64 size, Record& record) {
    qsizetype at = 0;
    qint64 header = 0;
    if (!readVarint(bytes, at, header) || header < at || header > bytes.size())
        return false;
    std::vector<qint64> types;
    qint64 end = header;
    while (at < header) {
        qint64 type = 0;
        if (!readVarint(bytes.first(header), at, type) || sizeOf(type) < 0 || types.size() >= kMostColumns)
            return false;
        end += sizeOf(type);
        if (end > size)
            return false;
        types.push_back(type);
    }
    if (end != size)
        return false;
    record.isCut = bytes.size() < size;
    for (const qint64 type : types) {
        const qint64 length = sizeOf(type);
        if (length <= bytes.size() - at) {
            record.values.push_back(valueOf(type, bytes.sliced(at, length)));
            at += length;
            continue;
        }
        if (type >= 12 && type % 2)
            record.values.emplace_back(rest(bytes.sliced(at)));
        break;
    }
    return true;
}

} // namespace

bool Record::isNull(std::size_t column) const {
    return column >= values.size() || std::holds_alternative<std::monostate>(values[column]);
}

bool Record::isInteger(std::size_t column) const {
    return column < values.size() && std::holds_alternative<qint64>(values[column]);
}

bool Record::isNumber(std::size_t column) const {
    return isInteger(column) || (column < values.size() && std::holds_alternative<double>(values[column]));
}

bool Record::isText(std::size_t column) const {
    return column < values.size() && std::holds_alternative<QString>(values[column]);
}

qint64 Record::integer(std::size_t column) const {
    return isInteger(column) ? std::get<qint64>(values[column]) : 0;
}

double Record::real(std::size_t column) const {
    return isNumber(column) && !isInteger(column) ? std::get<double>(values[column])
                                                  : static_cast<double>(integer(column));
}

QString Record::text(std::size_t column) const {
    return isText(column) ? std::get<QString>(values[column]) : QString();
}

void LeafReader::readAll(const std::function<void(const Record&)>& use) {
    for (qint64 number = 2; number <= m_file.count(); ++number) { // the first page has the schema
        if (const std::optional<QByteArray> page = m_file.page(number))
            readLeaf(*page, use);
    }
}

void LeafReader::readLeaf(const QByteArray& page, const std::function<void(const Record&)>& use) {
    const bool isTable = page[0] == kTableLeaf;
    if (!isTable && page[0] != kIndexLeaf)
        return;
    const int cells = qFromBigEndian<quint16>(page.constData() + 3);
    const qsizetype first = kLeafHeader + 2 * static_cast<qsizetype>(cells);
    if (first > m_file.usableSize())
        return;
    for (int cell = 0; cell < cells; ++cell) {
        const qsizetype at = qFromBigEndian<quint16>(page.constData() + kLeafHeader + 2 * cell);
        Record record;
        if (at >= first && at < m_file.usableSize() && readCell(page, at, isTable, record))
            use(record);
    }
}

bool LeafReader::readCell(const QByteArray& page, qsizetype at, bool isTable, Record& record) {
    const QByteArrayView usable = QByteArrayView(page).first(m_file.usableSize());
    record.isTable = isTable;
    qint64 size = 0;
    if (!readVarint(usable, at, size) || size <= 0 || size > m_file.bytes())
        return false;
    if (isTable && !readVarint(usable, at, record.rowId))
        return false;
    return decode(payload(page, at, size, isTable), size, record);
}

/// As much of a row's bytes as there is: the part in the leaf, then the chain of overflow pages.
QByteArray LeafReader::payload(const QByteArray& page, qsizetype at, qint64 size, bool isTable) {
    const qint64 usable = m_file.usableSize();
    const qint64 most = isTable ? usable - 35 : (usable - 12) * 64 / 255 - 23;
    const qint64 least = (usable - 12) * 32 / 255 - 23;
    const qint64 wanted = least + (size - least) % (usable - 4);
    const qint64 local = size <= most ? size : wanted <= most ? wanted : least;
    QByteArray bytes = page.mid(at, std::min<qint64>(local, usable - at));
    if (local == size || at + local + 4 > usable)
        return bytes;
    qint64 next = qFromBigEndian<quint32>(page.constData() + at + local);
    while (bytes.size() < size && next > 1 && m_overflowLeft > 0) {
        const std::optional<QByteArray> more = m_file.page(next);
        if (!more)
            break;
        m_overflowLeft -= usable;
        bytes += more->mid(4, std::min<qint64>(size - bytes.size(), usable - 4));
        next = qFromBigEndian<quint32>(more->constData());
    }
    return bytes;
}

} // namespace app::store
