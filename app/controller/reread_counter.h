#pragma once
#include "engine/reading_forecast.h"

#include <deque>
#include <memory>
#include <optional>
#include <QObject>
#include <QString>
#include <stop_token>
#include <thread>

namespace app {

/// Counts what a model would read of a chat, with the tokenizer in that model's file. Opening one takes up to a few hundred milliseconds (a
/// vocabulary of 150,000 tokens), so a thread does it that lives only as long. Main thread; owned by the controller.
class RereadCounter : public QObject {
    Q_OBJECT
public:
    struct Question {
        QString path;       // of the model
        QString chatFormat; // empty: detected
        engine::ChatRequest request;
    };

    using QObject::QObject;
    ~RereadCounter() override;

    /// What is known by now. Nothing: it is being counted and known() follows, or the file cannot tell.
    std::optional<int> count(const Question& question);

Q_SIGNALS:
    void known();

private:
    struct Counted {
        Question question;
        qint64 bytes = 0, time = 0; // of the file, when it was asked
        std::optional<int> tokens = {};
    };
    struct Opened; // the newest file; the thread's while it runs
    void begin();
    void take(std::optional<int> tokens);

    std::deque<Counted> m_answers; // newest first
    std::optional<Counted> m_running, m_next;
    std::shared_ptr<Opened> m_opened;
    std::jthread m_thread; // last: it uses the others
};

} // namespace app
