#pragma once
#include "app/database.h"

#include <functional>
#include <memory>
#include <QObject>
#include <QPointer>
#include <stop_token>
#include <type_traits>

namespace app {

/// The database on its own thread. Main thread only; calls return at once, run there in order, and answer on the main thread.
class TranscriptStore : public QObject {
    Q_OBJECT
public:
    explicit TranscriptStore(QObject* parent = nullptr);
    ~TranscriptStore() override; // finishes what was asked, then closes

    /// opened() or openFailed() follows. What could not be opened, or for reading only, for a reason that can pass (a full disk, another
    /// program) is tried again for as long as this lives; improved() follows when it succeeds.
    void open(const QString& path);
    /// Before the first retry; it doubles up to fifteen times that. 2,000 ms unless told otherwise.
    void setRetryMs(int ms);
    void retryNow(); // nothing when there is nothing to be gained
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
    /// For what takes long and only reads (a search, an export): the same on a connection and a thread of their own, so that nothing
    /// urgent waits behind it. It sees everything that was asked for before it. Ended early by `stop`; then nothing follows.
    template <class Work, class Done>
    void readAside(QObject* context, std::stop_token stop, Work work, Done done) {
        QPointer<QObject> alive(context);
        postAside(std::move(stop),
                  [work = std::move(work), done = std::move(done),
                   alive](Database& database) -> std::function<void()> {
                      auto result = std::make_shared<std::invoke_result_t<Work, Database&>>(work(database));
                      return [done, alive, result] {
                          if (alive)
                              done(std::move(*result));
                      };
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
    /// The program ends: `work` has to do with what there is, also with nothing (null), and answers to nobody.
    void runLast(std::function<void(Database*)> work);
    /// Waits until everything asked so far is on disk (closing the program, tests).
    void flush();

Q_SIGNALS:
    void opened(const QString& notice); // notice: why read-only, what was moved aside; usually empty
    void openFailed(const QString& sentence);
    void improved(const QString& notice); // isOpen() or access() says more than before
    void failed(const QString& sentence);

private:
    using Job = std::function<std::function<void()>(Database&)>;
    void attempt(bool first);
    struct Outcome {
        bool isOpen;
        Access access;
        bool mayImprove;
        QString sentence; // the notice, or why it is not open
    };
    void settle(bool first, const Outcome& outcome);
    void post(Job job, std::function<void(const StoreError&)> error);
    void postAside(std::stop_token stop, Job job);
    void answer(const Job& job, Database* database, const std::function<void(const StoreError&)>& error);
    void refuse(const StoreError& problem, const std::function<void(const StoreError&)>& error);
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
