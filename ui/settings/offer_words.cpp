#include "ui/settings/offer_words.h"

#include "app/model_downloads.h"
#include "ui/parts/words.h"

#include <QCoreApplication>

namespace ui::words {

namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("ui::words", text);
}

const QString dot = QStringLiteral(" · ");

} // namespace

QString speed(double tokensPerSecond) {
    const qint64 rounded = qRound64(tokensPerSecond);
    if (tokensPerSecond <= 0)
        return tr("speed not measured yet");
    if (rounded < 1)
        return tr("less than 1 token a second");
    return rounded == 1 ? tr("about 1 token a second") : tr("about %1 tokens a second").arg(number(rounded));
}

QString timeLeft(int seconds) {
    if (seconds < 0)
        return {};
    if (seconds < 60)
        return tr("less than a minute left");
    const int minutes = (seconds + 30) / 60;
    if (minutes < 60)
        return minutes == 1 ? tr("about a minute left") : tr("%1 minutes left").arg(number(minutes));
    return tr("%1 h %2 min left").arg(number(minutes / 60)).arg(number(minutes % 60));
}

QString offerDetails(const app::ModelOffer& offer, const app::ModelFit& fit) {
    QStringList parts{bytes(offer.bytes)};
    parts += offer.licence.isEmpty() ? tr("no licence is named") : offer.licence;
    parts += (fit.memoryIsLeast ? tr("needs at least %1 of memory") : tr("needs %1 of memory"))
                 .arg(bytes(fit.memory));
    parts += speed(fit.tokensPerSecond);
    return parts.join(dot);
}

QString offerProblem(const app::ModelOffer& offer, const app::ModelFit& fit) {
    if (!offer.problem.isEmpty())
        return offer.problem;
    if (!fit.memoryFits())
        return tr("Does not fit: %1 of memory are free now.").arg(bytes(fit.memoryFree));
    if (!fit.diskFits())
        return tr("No room on the disk: %1 are needed, %2 are free.")
            .arg(bytes(fit.disk), bytes(fit.diskFree));
    return {};
}

QString downloadProgress(const app::DownloadState& state) {
    QStringList parts{tr("%1 of %2").arg(bytes(state.done), bytes(state.total))};
    if (state.bytesPerSecond > 0)
        parts += tr("%1 a second")
                     .arg(state.bytesPerSecond < 1e6
                              ? tr("%1 KB").arg(number(qRound64(state.bytesPerSecond / 1e3)))
                              : bytes(static_cast<quint64>(state.bytesPerSecond)));
    if (state.secondsLeft >= 0)
        parts += timeLeft(state.secondsLeft);
    return parts.join(dot);
}

} // namespace ui::words
