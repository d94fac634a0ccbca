#pragma once
#include <QString>

class QNetworkReply;

namespace app::downloads {

int statusOf(const QNetworkReply& reply); // of HTTP; 0: none came
/// Why it did not work, in one sentence, with what can be done about it.
QString sentenceOf(const QNetworkReply& reply);
/// It may work in a moment.
bool isPassing(const QNetworkReply& reply);
/// Seconds that the server asks to wait for, a day at most; -1: it does not say.
int retryAfter(const QNetworkReply& reply);

} // namespace app::downloads
