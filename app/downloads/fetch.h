#pragma once
#include "app/downloads/part_file.h"
#include "app/downloads_patience.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <QUrl>

#include <memory>

namespace app::downloads {

using Patience = DownloadPatience;

/// One thing to get from a web server: a text into memory, or a file, which goes on where it ended. A connection that breaks, a server
/// that stalls or is busy is tried again by itself. Main thread only; nothing here blocks.
class Fetch : public QObject {
    Q_OBJECT
public:
    Fetch(QNetworkAccessManager& network, const Patience& patience, QObject* parent);
    ~Fetch() override;

    void setAccept(const QByteArray& types) { m_accept = types; }
    void text(const QUrl& url, qint64 most);
    /// `bytes`: its size, -1 = not known. What is there already is kept when the server can go on from there.
    void file(const QUrl& url, const QString& path, qint64 bytes);

    const QByteArray& body() const { return m_body; }            // of a text
    qint64 received() const { return m_most >= 0 ? 0 : m_done; } // of a file, with what was there
    QUrl url() const { return m_url; }                           // that was asked for

Q_SIGNALS:
    void progressed();
    void waits(const QString& sentence); // it is tried again soon; empty: it goes on
    void finished();
    void failed(const QString& sentence);

private:
    enum class Verdict { GoOn, Refused };

    void ask();
    void onBytes();
    void onFinished();
    Verdict accept();
    void take(const QByteArray& bytes);
    void startAgain();
    void tryAgain(const QString& sentence);
    void fail(const QString& sentence);
    void drop();

    QNetworkAccessManager& m_network;
    Patience m_patience;
    QByteArray m_accept;
    QUrl m_url;
    std::unique_ptr<PartFile> m_file; // null: into memory
    QByteArray m_body;
    qint64 m_done = 0, m_expected = -1, m_most = -1;
    bool m_checked = false; // the answer's head was looked at and is good
    int m_failures = 0;     // in a row that brought nothing
    QPointer<QNetworkReply> m_reply;
    QTimer m_retry;
};

} // namespace app::downloads
