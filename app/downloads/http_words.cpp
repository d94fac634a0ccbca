#include "app/downloads/http_words.h"

#include "app/presentable.h"

#include <QCoreApplication>
#include <QNetworkReply>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace app::downloads {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("app::downloads", text);
}

QString refusal(const QNetworkReply& reply, const QString& host) {
    const QByteArray code = reply.rawHeader("X-Error-Code"); // Hugging Face says what it means
    const int status = statusOf(reply);
    if (code == "GatedRepo" || (status == 403 && code.isEmpty()))
        return tr("%1 gives this only to people who have signed in and accepted its terms, which Sumidero "
                  "cannot "
                  "do. Fetch it with your browser and add its folder under Models.")
            .arg(host);
    if (code == "RepoNotFound")
        return tr("%1 has nothing of this name, or it is private.").arg(host);
    return tr("%1 asks for a sign-in, which Sumidero cannot do.").arg(host);
}

QString statusSentence(const QNetworkReply& reply, const QString& host) {
    const int status = statusOf(reply);
    if (status == 401 || status == 403)
        return refusal(reply, host);
    if (status == 404 || status == 410)
        return tr("%1 has nothing of this name.").arg(host);
    if (status == 429 || status == 503) {
        const int seconds = retryAfter(reply);
        return seconds > 0 ? tr("%1 is busy (%2). Try again in %3 minutes.")
                                 .arg(host)
                                 .arg(status)
                                 .arg((seconds + 59) / 60)
                           : tr("%1 is busy (%2). Try again in a few minutes.").arg(host).arg(status);
    }
    if (status >= 500)
        return tr("%1 has a fault of its own (%2). Try again in a few minutes.").arg(host).arg(status);
    return tr("%1 answered with %2.").arg(host).arg(status);
}

} // namespace

int statusOf(const QNetworkReply& reply) {
    return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

int retryAfter(const QNetworkReply& reply) {
    constexpr int aDay = 24 * 60 * 60; // nobody waits longer
    bool isNumber = false;             // a date is allowed, too, and rare
    const int seconds = reply.rawHeader("Retry-After").trimmed().toInt(&isNumber);
    return isNumber && seconds >= 0 ? std::min(seconds, aDay) : -1;
}

QString sentenceOf(const QNetworkReply& reply) {
    const QString host = presentable(reply.url().host());
    switch (reply.error()) {
    case QNetworkReply::HostNotFoundError:
    case QNetworkReply::ConnectionRefusedError:
    case QNetworkReply::NetworkSessionFailedError:
        return tr("%1 cannot be reached. Check the network connection.").arg(host);
    case QNetworkReply::OperationCanceledError: // by the transfer's own time limit
    case QNetworkReply::TimeoutError:
        return tr("%1 has stopped sending.").arg(host);
    case QNetworkReply::SslHandshakeFailedError:
        return tr("The connection to %1 is not safe: %2.").arg(host, presentable(reply.errorString()));
    case QNetworkReply::ProxyConnectionRefusedError:
    case QNetworkReply::ProxyConnectionClosedError:
    case QNetworkReply::ProxyNotFoundError:
    case QNetworkReply::ProxyTimeoutError:
    case QNetworkReply::ProxyAuthenticationRequiredError:
    case QNetworkReply::UnknownProxyError:
        return tr("The proxy does not let us reach %1: %2.").arg(host, presentable(reply.errorString()));
    case QNetworkReply::InsecureRedirectError:
    case QNetworkReply::TooManyRedirectsError:
        return tr("%1 sends us on to a place that cannot be used.").arg(host);
    default:
        break;
    }
    if (statusOf(reply) >= 400)
        return statusSentence(reply, host);
    return tr("The connection to %1 was cut.").arg(host);
}

bool isPassing(const QNetworkReply& reply) {
    constexpr int longestWait = 60; // seconds
    const int status = statusOf(reply);
    if (status == 429 || status >= 500)
        return retryAfter(reply) <= longestWait;
    if (status >= 300)
        return false;
    switch (reply.error()) {
    case QNetworkReply::NoError: // it ended too soon
    case QNetworkReply::RemoteHostClosedError:
    case QNetworkReply::OperationCanceledError:
    case QNetworkReply::TimeoutError:
    case QNetworkReply::TemporaryNetworkFailureError:
    case QNetworkReply::UnknownNetworkError:
    case QNetworkReply::ProtocolFailure:
    case QNetworkReply::ProxyConnectionClosedError:
        return true;
    default:
        return false;
    }
}

} // namespace app::downloads
