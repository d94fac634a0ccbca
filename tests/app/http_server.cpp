#include "tests/app/http_server.h"

#include <QCryptographicHash>
#include <QRegularExpression>
#include <QtEndian>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace test {

HttpServer::HttpServer() {
    listen(QHostAddress::LocalHost);
}

QString HttpServer::address() const {
    return u"http://127.0.0.1:%1"_s.arg(serverPort());
}

void HttpServer::incomingConnection(qintptr handle) {
    auto* socket = new QTcpSocket(this);
    socket->setSocketDescriptor(handle);
    ++m_open;
    connect(socket, &QTcpSocket::disconnected, this, [this, socket] {
        --m_open;
        socket->deleteLater();
    });
    connect(socket, &QTcpSocket::readyRead, this, [this, socket] {
        const QByteArray head = socket->property("head").toByteArray() + socket->readAll();
        socket->setProperty("head", head);
        if (head.endsWith("\r\n\r\n")) {
            socket->setProperty("head", QByteArray());
            answer(socket, head);
        }
    });
}

void HttpServer::answer(QTcpSocket* socket, const QByteArray& head) {
    static const QRegularExpression range(u"^range: bytes=(\\d+)-"_s,
                                          QRegularExpression::CaseInsensitiveOption |
                                              QRegularExpression::MultilineOption);
    const QString target = QString::fromLatin1(head.split(' ').value(1));
    const QString path = target.section(u'?', 0, 0);
    const auto match = range.match(QString::fromLatin1(head));
    const qint64 from = match.hasMatch() ? match.captured(1).toLongLong() : -1;
    asked.append(from >= 0 ? u"%1 %2"_s.arg(target).arg(from) : target);
    Page page = pages.value(path, Page{"nothing here", 404});
    const bool misbehaves = page.times != 0;
    if (page.times > 0)
        --pages[path].times;
    if (!misbehaves) {
        page.cutAfter = page.stallAfter = -1;
        if (page.status >= 400)
            page.status = 200;
    }
    QByteArray body = page.body;
    QList<QByteArray> headers = page.headers;
    if (from >= 0 && page.status == 200 && page.knowsRanges) {
        const QByteArray total = QByteArray::number(body.size());
        if (from >= body.size()) {
            page.status = 416;
            headers += "Content-Range: bytes */" + total;
            body.clear();
        } else {
            page.status = 206;
            headers += "Content-Range: " + (page.wrongRange.isEmpty()
                                                ? "bytes " + QByteArray::number(from) + '-' +
                                                      QByteArray::number(body.size() - 1) + '/' + total
                                                : page.wrongRange);
            body = body.mid(from);
        }
    }
    QByteArray out = "HTTP/1.1 " + QByteArray::number(page.status) + " Whatever\r\nConnection: close\r\n";
    for (const QByteArray& header : headers)
        out += header + "\r\n";
    if (page.saysLength)
        out += "Content-Length: " + QByteArray::number(body.size()) + "\r\n";
    socket->write(out + "\r\n");
    sendPieces(socket, body, page);
}

void HttpServer::sendPieces(QTcpSocket* socket, const QByteArray& body, const Page& page) {
    if (page.stallAfter >= 0) {
        socket->write(body.left(page.stallAfter));
        return;
    }
    const QByteArray bytes = page.cutAfter >= 0 ? body.left(page.cutAfter) : body;
    if (page.pieceBytes <= 0) {
        socket->write(bytes);
        socket->disconnectFromHost();
        return;
    }
    auto* timer = new QTimer(socket);
    timer->callOnTimeout(socket, [socket, timer, bytes, size = page.pieceBytes, at = qsizetype(0)]() mutable {
        socket->write(bytes.mid(at, size));
        at += size;
        if (at >= bytes.size()) {
            timer->stop();
            socket->disconnectFromHost();
        }
    });
    timer->start(page.pieceMs);
}

namespace {

quint32 crc32(const QByteArray& bytes) {
    quint32 crc = 0xffffffffu;
    for (const char byte : bytes) {
        crc ^= static_cast<quint8>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0u);
    }
    return ~crc;
}

template <class Number>
QByteArray little(Number value) {
    QByteArray bytes(sizeof value, 0);
    qToLittleEndian(value, bytes.data());
    return bytes;
}

/// qCompress() puts 4 bytes of length and zlib's 2 in front, and 4 of a checksum behind.
QByteArray deflated(const QByteArray& bytes) {
    return qCompress(bytes).mid(6).chopped(4);
}

} // namespace

QByteArray zip(const QList<ZipEntry>& entries) {
    QByteArray file, directory;
    for (const ZipEntry& entry : entries) {
        const QByteArray name = entry.name.toUtf8(),
                         packed = entry.deflated ? deflated(entry.bytes) : entry.bytes;
        const QByteArray common = little<quint16>(20) + little<quint16>(0) +
                                  little<quint16>(entry.deflated ? 8 : 0) + little<quint32>(0) +
                                  little(crc32(entry.bytes)) + little(static_cast<quint32>(packed.size())) +
                                  little(static_cast<quint32>(entry.bytes.size())) +
                                  little(static_cast<quint16>(name.size())) + little<quint16>(0);
        directory += "PK\x01\x02" + little<quint16>(20) + common + little<quint16>(0) + little<quint16>(0) +
                     little<quint16>(0) + little<quint32>(0) + little(static_cast<quint32>(file.size())) +
                     name;
        file += "PK\x03\x04" + common + name + packed;
    }
    const QByteArray count = little(static_cast<quint16>(entries.size()));
    return file + directory + "PK\x05\x06" + little<quint32>(0) + count + count +
           little(static_cast<quint32>(directory.size())) + little(static_cast<quint32>(file.size())) +
           little<quint16>(0);
}

QByteArray someBytes(int count, quint32 seed) {
    QByteArray bytes(count, Qt::Uninitialized);
    for (char& byte : bytes) {
        seed = seed * 1664525u + 1013904223u;
        byte = static_cast<char>((seed >> 24) & 0x3f); // packs to about three quarters
    }
    return bytes;
}

} // namespace test
