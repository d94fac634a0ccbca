#pragma once
#include "app/database.h"

#include <functional>
#include <memory>
#include <QObject>
#include <QPointer>
#include <type_traits>

namespace app {

/// The database on its own thread. Main thread only; calls return at once, run there in order, and answer on the main thread.
class TranscriptStore : public QObject {
    Q_OBJECT
public:
    explicit TranscriptStore(QObject* parent = nullptr);
    ~TranscriptStore() override; // finishes what was asked, then closes

    /// opened() or openFailed() follows.
    void open(const QString& path);
    bool isOpen() const;
    Access access() const;

    /// store.run(this, [](Database& db) { return db.chats(); }, [this](QList<ChatSummary> chats) { ... });
    /// `done` is not called when `context` is gone or `work` threw; then `error` is called if given (and `context` is still there), and
    /// failed() is emitted with its sentence.
    template <class Work, class Done>
    void run(QObject* context, Work work, Done done, std::function<void(const StoreError&)> error = {}) {
        QPointer<QObject> alive(context);
        post(
            [work = std::move(work), done = std::move(done),
             alive](Database& database) -> std::function<void()> {
                using Result = std::invoke_result_t<Work, Database&>;
                if constexpr (std::is_void_v<Result>) {
                    work(database);
                    return [done, alive] {
                        if (alive)
                            done();
                    };
                } else {
                    auto result = std::make_shared<Result>(work(database));
                    return [done, alive, result] {
                        if (alive)
                            done(std::move(*result));
                    };
                }
            },
            [error = std::move(error), alive](const StoreError& problem) {
                if (alive && error)
                    error(problem);
            });
    }
    /// Fire and forget.
    template <class Work>
    void run(Work work) {
        post(
            [work = std::move(work)](Database& database) -> std::function<void()> {
                work(database);
                return {};
            },
            {});
    }
    /// Waits until everything asked so far is on disk (closing the program, tests).
    void flush();

Q_SIGNALS:
    void opened(const QString& notice); // notice: why read-only, what was moved aside; usually empty
    void openFailed(const QString& sentence);
    void failed(const QString& sentence);

private:
    using Job = std::function<std::function<void()>(Database&)>;
    void post(Job job, std::function<void(const StoreError&)> error);
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
