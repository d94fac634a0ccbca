#include "app/downloads/fetch.h"

#include "app/downloads/http_words.h"
#include "app/presentable.h"
#include "app/store_error.h"

#include <QRegularExpression>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace app::downloads {
namespace {

constexpr qint64 ReadAhead = 4 << 20; // bytes that may wait here while the disk is busy

struct ContentRange {
    qint64 first = -1, total = -1; // -1: not said
};

/// "bytes 100-199/5000"
ContentRange rangeOf(const QNetworkReply& reply) {
    static const QRegularExpression form(u"\\Abytes (\\d+)-\\d+/(\\d+|\\*)\\z"_s);
    const auto match = form.match(QString::fromLatin1(reply.rawHeader("Content-Range").trimmed()));
    if (!match.hasMatch())
        return {};
    const QString total = match.captured(2);
    return {match.captured(1).toLongLong(), total == u"*"_s ? -1 : total.toLongLong()};
}

} // namespace

Fetch::Fetch(QNetworkAccessManager& network, const Patience& patience, QObject* parent)
    : QObject(parent), m_network(network), m_patience(patience) {
    m_retry.setSingleShot(true);
    connect(&m_retry, &QTimer::timeout, this, [this] {
        Q_EMIT waits({});
        ask();
    });
}

Fetch::~Fetch() {
    drop();
}

void Fetch::text(const QUrl& url, qint64 most) {
    m_url = url;
    m_most = most;
    ask();
}

void Fetch::file(const QUrl& url, const QString& path, qint64 bytes) {
    m_url = url;
    m_expected = bytes;
    try {
        m_file = std::make_unique<PartFile>(path);
        m_done = m_file->size();
        if (bytes >= 0 && m_done > bytes)
            startAgain();
    } catch (const StoreError& error) {
        fail(QString::fromUtf8(error.what()));
        return;
    }
    if (m_done == bytes)
        QMetaObject::invokeMethod(this, &Fetch::finished, Qt::QueuedConnection);
    else
        ask();
}

void Fetch::ask() {
    QNetworkRequest request(m_url);
    request.setMaximumRedirectsAllowed(10);
    request.setTransferTimeout(m_patience.stallMs);
    request.setHeader(QNetworkRequest::UserAgentHeader, u"Sumidero/" SUMIDERO_VERSION ""_s);
    if (!m_accept.isEmpty())
        request.setRawHeader("Accept", m_accept);
    if (m_file) {
        request.setRawHeader("Accept-Encoding", "identity"); // ranges count the file's own bytes
        if (m_done > 0)
            request.setRawHeader("Range", "bytes=" + QByteArray::number(m_done) + '-');
    }
    m_checked = false;
    m_body.clear();
    m_reply = m_network.get(request);
    m_reply->setReadBufferSize(ReadAhead);
    connect(m_reply, &QNetworkReply::readyRead, this, &Fetch::onBytes);
    connect(m_reply, &QNetworkReply::finished, this, &Fetch::onFinished);
}

/// Looks at the head of an answer that has come.
Fetch::Verdict Fetch::accept() {
    const int status = statusOf(*m_reply);
    if (status == 416 && m_done > 0) { // nothing behind what is here: it is another file
        startAgain();
        tryAgain(tr("%1 has another file than before.").arg(presentable(m_url.host())));
        return Verdict::Refused;
    }
    if (m_reply->error() != QNetworkReply::NoError || (status != 200 && status != 206))
        return Verdict::GoOn; // onFinished() says what is wrong
    m_checked = true;
    if (!m_file)
        return Verdict::GoOn;
    qint64 total = -1;
    if (status == 206) {
        const ContentRange range = rangeOf(*m_reply);
        if (range.first != m_done) { // not what was asked for
            startAgain();
            tryAgain(tr("%1 sent another part than was asked for.").arg(presentable(m_url.host())));
            return Verdict::Refused;
        }
        total = range.total;
    } else {
        if (m_done > 0) // it knows no ranges
            startAgain();
        if (m_reply->hasRawHeader("Content-Length"))
            total = m_reply->header(QNetworkRequest::ContentLengthHeader).toLongLong();
    }
    if (total >= 0 && m_expected >= 0 && total != m_expected) {
        startAgain();
        fail(tr("%1 has a file of another size than was announced (%2 instead of %3 bytes).")
                 .arg(presentable(m_url.host()))
                 .arg(total)
                 .arg(m_expected));
        return Verdict::Refused;
    }
    if (total >= 0)
        m_expected = total;
    return Verdict::GoOn;
}

void Fetch::onBytes() {
    try {
        if (!m_checked && accept() == Verdict::Refused)
            return;
        if (m_checked)
            take(m_reply->readAll());
    } catch (const StoreError& error) {
        fail(QString::fromUtf8(error.what()));
    }
}

void Fetch::take(const QByteArray& bytes) {
    if (bytes.isEmpty())
        return;
    m_failures = 0;
    const qint64 most = m_file ? m_expected : m_most;
    if (most >= 0 && (m_file ? m_done : m_body.size()) + bytes.size() > most) {
        if (m_file)
            startAgain();
        fail(tr("%1 sent more than it announced.").arg(presentable(m_url.host())));
        return;
    }
    if (m_file)
        m_file->append(bytes);
    else
        m_body += bytes;
    m_done += bytes.size();
    Q_EMIT progressed();
}

void Fetch::onFinished() {
    const QPointer<QNetworkReply> reply = m_reply;
    onBytes();                              // what is left
    if (reply.isNull() || m_reply != reply) // it has failed, or is tried again
        return;
    const bool whole = m_checked && reply->error() == QNetworkReply::NoError &&
                       (!m_file || m_expected < 0 || m_done == m_expected);
    if (whole) {
        drop();
        try {
            if (m_file)
                m_file->sync();
        } catch (const StoreError& error) {
            fail(QString::fromUtf8(error.what()));
            return;
        }
        m_file.reset();
        Q_EMIT finished();
    } else if (isPassing(*reply)) {
        tryAgain(sentenceOf(*reply));
    } else {
        fail(sentenceOf(*reply));
    }
}

void Fetch::startAgain() {
    if (m_file)
        m_file->truncate(0);
    m_done = 0;
}

void Fetch::tryAgain(const QString& sentence) {
    const int wait = m_reply ? retryAfter(*m_reply) * 1000 : 0;
    if (++m_failures >= m_patience.tries) {
        fail(sentence);
        return;
    }
    drop();
    m_retry.start(std::max(wait, m_patience.retryMs << (m_failures - 1)));
    Q_EMIT waits(tr("%1 Trying again…").arg(sentence));
}

void Fetch::fail(const QString& sentence) {
    drop();
    m_retry.stop();
    m_file.reset();
    Q_EMIT failed(sentence);
}

void Fetch::drop() {
    if (!m_reply)
        return;
    QNetworkReply* reply = m_reply;
    m_reply = nullptr;
    reply->disconnect(this);
    reply->abort();
    reply->deleteLater();
}

} // namespace app::downloads
