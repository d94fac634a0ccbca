#pragma once
#include <QString>

namespace engine {
struct CacheStatus;
}
namespace app {
enum class Activity;
struct ModelState;
struct RereadCost;
struct Settings;
} // namespace app

// Numbers as sentences. Pure functions of their arguments and the language; main thread only.
namespace ui::words {

QString number(qint64 value);             // "2,334"
QString bytes(quint64 value);             // "132 MB", decimal, as disks and models are sold
QString inSentence(const QString& title); // of a chat; the beginning of a long one
QString textSize(const QString& text);    // "18 KB", "1.2 MB", as a file it would be
/// What the model is doing and where it is in the stream.
/// "212 tokens/s · 412 of 1,024, 4 sinks · position 2,334 · 1,310 forgotten · 0 read again"; while reading
/// "Reading 812 of 2,048 tokens…".
QString status(app::Activity activity, const engine::CacheStatus& cache, float readingProgress,
               int readingTotal);
/// While the chat is read ahead of the next question: "Reading this chat… 40 %".
QString preparing(float progress);
QString cacheFill(const engine::CacheStatus& cache);     // "412 of 1,024"
QString cacheSentence(const engine::CacheStatus& cache); // the same with sinks, as a sentence
/// "4 sinks + 1,020", "Everything", "Window 1,024".
QString memoryChip(const app::Settings& settings, const engine::CacheStatus& cache);
QString modelDetails(const app::ModelState& state); // "Q4_1 · CPU, 2 threads · 132 MB"
/// What a change costs: "Nothing has to be read again." or "About 2,048 tokens will be read again."
QString rereadSentence(const app::RereadCost& cost);

} // namespace ui::words
