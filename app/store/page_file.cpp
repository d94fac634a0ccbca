#include "app/store/page_file.h"

#include <QtEndian>

#include <algorithm>
#include <bit>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

constexpr int kUsualPageSize = 4096;
constexpr int kLogHeader = 32, kFrameHeader = 24;
constexpr quint32 kLogMagic = 0x377f0682; // the lowest bit says that checksums are over big-endian words

quint32 word(const QByteArray& bytes, qsizetype at) {
    return qFromBigEndian<quint32>(bytes.constData() + at);
}

bool isPageSize(qint64 size) {
    return size >= 512 && size <= 65536 && std::has_single_bit(static_cast<quint64>(size));
}

/// The running checksum of a log; `size` is a multiple of 8.
class Checksum {
public:
    explicit Checksum(bool bigEndian) : m_bigEndian(bigEndian) {}

    void add(const char* data, qsizetype size) {
        for (qsizetype i = 0; i < size; i += 8) {
            m_first += at(data + i) + m_second;
            m_second += at(data + i + 4) + m_first;
        }
    }
    bool isAt(const QByteArray& bytes, qsizetype at) const {
        return word(bytes, at) == m_first && word(bytes, at + 4) == m_second;
    }

private:
    quint32 at(const char* data) const {
        return m_bigEndian ? qFromBigEndian<quint32>(data) : qFromLittleEndian<quint32>(data);
    }
    bool m_bigEndian;
    quint32 m_first = 0, m_second = 0;
};

} // namespace

PageFile::PageFile(const QString& path, int pageSize) : m_file(path), m_log(path + u"-wal"_s) {
    m_file.open(QIODevice::ReadOnly);
    m_log.open(QIODevice::ReadOnly);
    readHeader(pageSize);
    m_count = m_file.size() / m_pageSize;
    readLog();
}

void PageFile::readHeader(int wanted) {
    const QByteArray header = m_file.isOpen() ? m_file.read(100) : QByteArray();
    const QByteArray logHeader = m_log.isOpen() ? m_log.read(kLogHeader) : QByteArray();
    const bool known = header.size() == 100 && header.startsWith(QByteArrayView("SQLite format 3\0", 16));
    const int told = known ? qFromBigEndian<quint16>(header.constData() + 16) : 0;
    const qint64 logged = logHeader.size() == kLogHeader ? word(logHeader, 8) : 0;
    if (wanted != 0)
        m_pageSize = wanted;
    else if (isPageSize(told == 1 ? 65536 : told))
        m_pageSize = told == 1 ? 65536 : told;
    else
        m_pageSize = isPageSize(logged) ? static_cast<int>(logged) : kUsualPageSize;
    const int reserved = known ? static_cast<uchar>(header[20]) : 0;
    m_reserved = m_pageSize - reserved >= 480 ? reserved : 0; // SQLite's own least
}

/// As SQLite reads it: up to the first frame that does not fit, and of those only what was committed.
void PageFile::readLog() {
    if (!m_log.isOpen() || !m_log.seek(0))
        return;
    const QByteArray header = m_log.read(kLogHeader);
    if (header.size() != kLogHeader || (word(header, 0) & ~1u) != kLogMagic ||
        word(header, 8) != static_cast<quint32>(m_pageSize))
        return;
    Checksum sum((word(header, 0) & 1) != 0);
    sum.add(header.constData(), 24);
    if (!sum.isAt(header, 24))
        return;
    QHash<qint64, qint64> open;
    for (qint64 at = kLogHeader;; at += kFrameHeader + m_pageSize) {
        const QByteArray frame = m_log.read(kFrameHeader + m_pageSize);
        if (frame.size() != kFrameHeader + m_pageSize || frame.mid(8, 8) != header.mid(16, 8))
            return;
        sum.add(frame.constData(), 8);
        sum.add(frame.constData() + kFrameHeader, m_pageSize);
        if (!sum.isAt(frame, 16))
            return;
        open.insert(word(frame, 0), at + kFrameHeader);
        if (const quint32 pages = word(frame, 4); pages > 0) {
            m_logged.insert(open);
            open.clear();
            for (const qint64 number : m_logged.keys())
                m_count = std::max(m_count, number);
        }
    }
}

std::optional<QByteArray> PageFile::page(qint64 number) {
    if (number < 1 || number > m_count)
        return {};
    const auto logged = m_logged.constFind(number);
    QFile& file = logged == m_logged.constEnd() ? m_file : m_log;
    const qint64 at = logged == m_logged.constEnd() ? (number - 1) * m_pageSize : *logged;
    if (!file.isOpen() || !file.seek(at))
        return {};
    QByteArray bytes = file.read(m_pageSize);
    if (bytes.size() != m_pageSize)
        return {};
    return bytes;
}

} // namespace app::store
