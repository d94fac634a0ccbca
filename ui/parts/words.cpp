#include "ui/parts/words.h"

#include "app/chat_controller.h"
#include "app/numbers.h"
#include "app/presentable.h"

#include <QCoreApplication>

namespace ui::words {

namespace {

QString tr(const char* text, int count = -1) {
    return QCoreApplication::translate("ui::words", text, nullptr, count);
}

const QString dot = QStringLiteral(" · ");

} // namespace

QString number(qint64 value) {
    return app::numberLocale().toString(value);
}

QString bytes(quint64 value) {
    const double megabytes = static_cast<double>(value) / 1e6;
    if (megabytes < 1000)
        return tr("%1 MB").arg(app::numberLocale().toString(qRound64(megabytes)));
    return tr("%1 GB").arg(app::numberLocale().toString(megabytes / 1000, 'f', 1));
}

QString inSentence(const QString& title) {
    constexpr int enough = 60; // characters, by which one knows it
    return app::presentable(title, enough);
}

QString textSize(const QString& text) {
    qint64 size = 0; // in UTF-8
    for (const QChar character : text)
        size += character.unicode() < 0x80                               ? 1
                : character.unicode() < 0x800 || character.isSurrogate() ? 2
                                                                         : 3;
    if (size < 1'000'000)
        return tr("%1 KB").arg(number(std::max<qint64>(1, qRound64(static_cast<double>(size) / 1e3))));
    return tr("%1 MB").arg(app::numberLocale().toString(static_cast<double>(size) / 1e6, 'f', 1));
}

QString status(app::Activity activity, const engine::CacheStatus& cache, float readingProgress,
               int readingTotal) {
    if (activity == app::Activity::Reading) {
        if (readingTotal <= 0)
            return tr("Reading…");
        const auto read = static_cast<qint64>(static_cast<double>(readingProgress) * readingTotal + 0.5);
        return tr("Reading %1 of %2 tokens…").arg(number(read), number(readingTotal));
    }
    QStringList parts;
    if (cache.tokensPerSecond > 0) {
        const int decimals = cache.tokensPerSecond < 10 ? 1 : 0;
        parts +=
            tr("%1 tokens/s")
                .arg(app::numberLocale().toString(static_cast<double>(cache.tokensPerSecond), 'f', decimals));
    } else if (activity == app::Activity::Answering) {
        parts += tr("Answering…");
    }
    if (cache.position > 0) {
        parts +=
            tr("%1 of %2, %3 sinks").arg(number(cache.visible), number(cache.capacity), number(cache.sinks));
        parts += tr("position %1").arg(number(cache.position));
        parts += (cache.forgottenIsAbout ? tr("about %1 forgotten") : tr("%1 forgotten"))
                     .arg(number(cache.forgotten));
        parts += tr("%1 read again").arg(number(cache.readAgain));
    }
    return parts.join(dot);
}

QString preparing(float progress) {
    return tr("Reading this chat… %1 %").arg(qRound(progress * 100));
}

QString cacheFill(const engine::CacheStatus& cache) {
    if (cache.capacity <= 0)
        return {};
    return tr("%1 of %2").arg(number(cache.visible), number(cache.capacity));
}

QString cacheSentence(const engine::CacheStatus& cache) {
    if (cache.capacity <= 0)
        return tr("The model has read nothing yet.");
    return tr("The model sees %1 of at most %2 tokens, %3 of them always (sinks). Position in the stream: "
              "%4.")
        .arg(number(cache.visible), number(cache.capacity), number(cache.sinks), number(cache.position));
}

QString memoryChip(const app::Settings& settings, const engine::CacheStatus& cache) {
    const bool known = cache.capacity > 0;
    const int sinks = known ? cache.sinks : settings.cache.sinks;
    const int window = known ? cache.window : settings.cache.window;
    switch (settings.cache.mode) {
    case engine::CacheMode::Dense:
        return tr("Keeps everything");
    case engine::CacheMode::Window:
        return window > 0 ? tr("Window %1").arg(number(window)) : tr("Window");
    case engine::CacheMode::Streaming:
    case engine::CacheMode::Recompute:
        break;
    }
    return window > 0 ? tr("%1 sinks + %2").arg(number(sinks), number(window))
                      : tr("%1 sinks").arg(number(sinks));
}

QString modelDetails(const app::ModelState& state) {
    QStringList parts;
    for (const std::string& part : {state.info.quantisation, state.info.device})
        if (!part.empty())
            parts += QString::fromStdString(part);
    if (state.info.weightBytes > 0)
        parts += bytes(state.info.weightBytes);
    return parts.join(dot);
}

QString rereadSentence(const app::RereadCost& cost) {
    if (cost.tokens <= 0)
        return tr("Nothing has to be read again.");
    return (cost.isAbout ? tr("About %1 tokens of this chat will be read again.")
                         : tr("%1 tokens of this chat will be read again."))
        .arg(number(cost.tokens));
}

} // namespace ui::words
