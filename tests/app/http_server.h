#pragma once
#include <QHash>
#include <QTcpServer>
#include <QTcpSocket>

#include <functional>

namespace test {

/// A web server of the tests' own, on a free port of this machine: pages by path, ranges, and whatever can go wrong. Set what a path
/// answers before it is asked for. Main thread.
class HttpServer : public QTcpServer {
    Q_OBJECT
public:
    struct Page {
        QByteArray body;
        int status = 200;
        QList<QByteArray> headers = {}; // "Location: /elsewhere"
        bool knowsRanges = true;
        bool saysLength = true;
        qint64 cutAfter = -1; // bytes of the body; then the connection is closed
        int times = -1;       // so often `cutAfter` or `status` happens; -1: always
        int stallAfter = -1;  // bytes; then nothing more comes and the connection stays open
        int pieceBytes = 0;   // > 0: so many at once, every pieceMs
        int pieceMs = 5;
        QByteArray wrongRange = {}; // instead of the right Content-Range
    };

    HttpServer();
    QString address() const;    // "http://127.0.0.1:4711"
    QHash<QString, Page> pages; // by path, without the query
    QStringList asked;          // "GET /path range" of each request
    int connectionsNow() const { return m_open; }

protected:
    void incomingConnection(qintptr handle) override;

private:
    void answer(QTcpSocket* socket, const QByteArray& head);
    void sendPieces(QTcpSocket* socket, const QByteArray& body, const Page& page);

    int m_open = 0;
};

struct ZipEntry {
    QString name;
    QByteArray bytes;
    bool deflated = true;
};
/// A zip file with these members.
QByteArray zip(const QList<ZipEntry>& entries);

/// `count` bytes that do not pack to nothing; the same for the same seed.
QByteArray someBytes(int count, quint32 seed = 1);

} // namespace test
