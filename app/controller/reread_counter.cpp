#include "app/controller/reread_counter.h"

#include <algorithm>
#include <filesystem>
#include <QDateTime>
#include <QFileInfo>

namespace app {
namespace {

constexpr std::size_t KeptAnswers = 8; // the dialog's pages ask about different changes at the same time

bool isSame(const engine::ChatMessage& a, const engine::ChatMessage& b) {
    return a.id == b.id && a.role == b.role && a.text == b.text;
}

bool isSame(const engine::ChatRequest& a, const engine::ChatRequest& b) {
    return a.system == b.system && a.cache == b.cache && (a.earlierBytes > 0) == (b.earlierBytes > 0) &&
           std::equal(a.history.begin(), a.history.end(), b.history.begin(), b.history.end(),
                      [](const auto& one, const auto& other) { return isSame(one, other); });
}

} // namespace

struct RereadCounter::Opened {
    QString path, chatFormat;
    qint64 bytes = 0, time = 0;
    std::shared_ptr<const engine::ReadingForecast> forecast;

    std::optional<int> count(const Counted& wanted, const std::stop_token& stop) {
        const Question& question = wanted.question;
        try {
            if (!forecast || path != question.path || chatFormat != question.chatFormat ||
                bytes != wanted.bytes || time != wanted.time) {
                forecast.reset();
                forecast =
                    engine::ReadingForecast::fromFile(std::filesystem::path(question.path.toStdU16String()),
                                                      question.chatFormat.toStdString(), stop);
                path = question.path;
                chatFormat = question.chatFormat;
                bytes = wanted.bytes;
                time = wanted.time;
            }
            return forecast ? std::optional(forecast->tokensToRead(question.request, stop)) : std::nullopt;
        } catch (const std::exception&) { // no model; whoever loads it hears why
            return {};
        }
    }
};

RereadCounter::~RereadCounter() = default;

std::optional<int> RereadCounter::count(const Question& question) {
    if (question.path.isEmpty())
        return {};
    const QFileInfo file(question.path);
    const Counted wanted{question, file.size(), file.lastModified().toMSecsSinceEpoch()};
    const auto isWanted = [&](const Counted& other) {
        return other.question.path == question.path && other.question.chatFormat == question.chatFormat &&
               other.bytes == wanted.bytes && other.time == wanted.time &&
               isSame(other.question.request, question.request);
    };
    if (const auto answer = std::find_if(m_answers.begin(), m_answers.end(), isWanted);
        answer != m_answers.end())
        return answer->tokens;
    if (m_running && isWanted(*m_running))
        return {};
    m_next = wanted;
    if (!m_running)
        begin();
    return {};
}

void RereadCounter::begin() {
    m_running = std::exchange(m_next, std::nullopt);
    if (!m_opened)
        m_opened = std::make_shared<Opened>();
    m_thread = std::jthread([this, opened = m_opened, wanted = *m_running](const std::stop_token& stop) {
        const std::optional<int> tokens = opened->count(wanted, stop);
        QMetaObject::invokeMethod(
            this, [this, tokens] { take(tokens); }, Qt::QueuedConnection);
    });
}

void RereadCounter::take(std::optional<int> tokens) {
    m_running->tokens = tokens;
    m_answers.push_front(std::move(*m_running));
    m_running.reset();
    if (m_answers.size() > KeptAnswers)
        m_answers.pop_back();
    if (m_next)
        begin();
    Q_EMIT known();
}

} // namespace app
