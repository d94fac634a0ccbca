#include "app/transcript_store.h"

#include <QTimer>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

using namespace Qt::StringLiterals;

namespace app {

namespace {

using Task = std::function<void()>;

/// What runs on the database thread, in order; the last task has run when stop() returns.
class Queue {
public:
    Queue() : m_thread([this] { run(); }) {}
    ~Queue() { stop(); }

    void push(Task task) {
        {
            const std::lock_guard lock(m_mutex);
            m_tasks.push_back(std::move(task));
            ++m_unfinished;
        }
        m_changed.notify_all();
    }

    void waitUntilDone() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_unfinished == 0; });
    }

private:
    void stop() {
        {
            const std::lock_guard lock(m_mutex);
            m_stopping = true;
        }
        m_changed.notify_all();
        m_thread.join();
    }

    void run() {
        std::unique_lock lock(m_mutex);
        for (;;) {
            m_changed.wait(lock, [this] { return m_stopping || !m_tasks.empty(); });
            if (m_tasks.empty())
                return;
            Task task = std::move(m_tasks.front());
            m_tasks.pop_front();
            lock.unlock();
            task();
            task = {}; // what it holds is released before the others hear that it is done
            lock.lock();
            --m_unfinished;
            m_changed.notify_all();
        }
    }

    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Task> m_tasks;
    int m_unfinished = 0;
    bool m_stopping = false;
    std::thread m_thread; // last: it uses the others
};

/// Damage, a newer version and another program's file stay what they are.
bool canPass(StoreError::Kind kind) {
    return kind == StoreError::Kind::Full || kind == StoreError::Kind::ReadOnly ||
           kind == StoreError::Kind::Other;
}

} // namespace

struct TranscriptStore::Impl {
    // Main thread
    bool isOpen = false;
    Access access = Access::ReadOnly;
    QTimer retry;
    int retryMs = 2000;
    int waitMs = 0;
    bool retries = false; // there is something to be gained
    // Set once, before the database thread reads it
    QString path;
    // Database thread
    std::unique_ptr<Database> database;
    StoreError whyNot{StoreError::Kind::Other, u"The chats are not open."_s};
    Outcome openNow(bool first);
    // Reading thread
    std::unique_ptr<Database> reader;
    Database* openReader();
    // Last, so that their threads have ended before the databases go
    Queue readings;
    Queue queue;
};

TranscriptStore::TranscriptStore(QObject* parent) : QObject(parent), m_impl(std::make_unique<Impl>()) {
    m_impl->retry.setSingleShot(true);
    connect(&m_impl->retry, &QTimer::timeout, this, &TranscriptStore::retryNow);
}

TranscriptStore::~TranscriptStore() {
    m_impl->queue.push([this] {
        m_impl->readings.push([this] { m_impl->reader.reset(); });
        m_impl->readings.waitUntilDone(); // the writer is the last to go: it empties the log
        m_impl->database.reset();
    });
    m_impl->queue.waitUntilDone();
}

void TranscriptStore::open(const QString& path) {
    m_impl->queue.waitUntilDone();
    m_impl->path = path;
    attempt(true);
}

void TranscriptStore::setRetryMs(int ms) {
    m_impl->retryMs = ms;
}

void TranscriptStore::retryNow() {
    if (m_impl->retries)
        attempt(false);
}

void TranscriptStore::attempt(bool first) {
    m_impl->retry.stop();
    m_impl->retries = false;
    m_impl->queue.push([this, first] {
        const Outcome outcome = m_impl->openNow(first);
        QMetaObject::invokeMethod(
            this, [this, first, outcome] { settle(first, outcome); }, Qt::QueuedConnection);
    });
}

/// Database thread. Between two jobs, so nobody sees it closed.
TranscriptStore::Outcome TranscriptStore::Impl::openNow(bool first) {
    if (!first && Database::isBeingWritten(path)) // what can be read stays open meanwhile
        return {database != nullptr, Access::ReadOnly, true, {}};
    readings.push([this] { reader.reset(); });
    readings.waitUntilDone();
    database.reset();
    try {
        database = Database::open(path);
        return {true, database->access(), database->mayImprove(), database->notice()};
    } catch (const StoreError& error) {
        whyNot = error;
    } catch (const std::exception& error) {
        whyNot = {StoreError::Kind::Other, QString::fromUtf8(error.what())};
    }
    return {false, Access::ReadOnly, canPass(whyNot.kind()), QString::fromUtf8(whyNot.what())};
}

void TranscriptStore::settle(bool first, const Outcome& outcome) {
    const bool better = (outcome.isOpen && !isOpen()) ||
                        (outcome.access == Access::ReadWrite && access() != Access::ReadWrite);
    m_impl->isOpen = outcome.isOpen;
    m_impl->access = outcome.access;
    m_impl->retries = outcome.mayImprove;
    if (m_impl->retries) {
        m_impl->waitMs = first ? m_impl->retryMs : std::min(2 * m_impl->waitMs, 15 * m_impl->retryMs);
        m_impl->retry.start(m_impl->waitMs);
    }
    if (first && outcome.isOpen)
        Q_EMIT opened(outcome.sentence);
    else if (first)
        Q_EMIT openFailed(outcome.sentence);
    else if (better)
        Q_EMIT improved(outcome.sentence);
}

bool TranscriptStore::isOpen() const {
    return m_impl->isOpen;
}

Access TranscriptStore::access() const {
    return m_impl->access;
}

void TranscriptStore::flush() {
    m_impl->queue.waitUntilDone();
    m_impl->readings.waitUntilDone();
}

/// Reading thread. Null where the file cannot be read beside the connection that is there.
Database* TranscriptStore::Impl::openReader() {
    if (reader)
        return reader.get();
    try {
        reader = Database::open(path, Access::ReadOnly);
    } catch (const std::exception&) {
        return nullptr;
    }
    return reader.get();
}

void TranscriptStore::postAside(std::stop_token stop, Job job) {
    m_impl->queue.push([this, stop = std::move(stop), job = std::move(job)] {
        const auto askWriter = [this, job] { answer(job, m_impl->database.get(), {}); };
        if (!m_impl->database || m_impl->database->access() != Access::ReadWrite)
            return askWriter(); // perhaps it works on a copy, or on a file that only one may open
        m_impl->readings.push([this, stop, job, askWriter] {
            if (stop.stop_requested())
                return;
            Database* reader = m_impl->openReader();
            if (!reader) // one after the other is better than not at all
                return m_impl->queue.push(askWriter);
            reader->stopWith(stop);
            answer(job, reader, {});
            reader->stopWith({});
        });
    });
}

void TranscriptStore::runLast(std::function<void(Database*)> work) {
    m_impl->queue.push([this, work = std::move(work)] { work(m_impl->database.get()); });
}

void TranscriptStore::refuse(const StoreError& problem, const std::function<void(const StoreError&)>& error) {
    if (problem.kind() == StoreError::Kind::Interrupted)
        return;
    const auto tell = [this, error, problem] {
        if (error)
            error(problem);
        Q_EMIT failed(QString::fromUtf8(problem.what()));
    };
    QMetaObject::invokeMethod(this, tell, Qt::QueuedConnection);
}

void TranscriptStore::answer(const Job& job, Database* database,
                             const std::function<void(const StoreError&)>& error) {
    try {
        if (!database)
            throw m_impl->whyNot;
        if (Task done = job(*database))
            QMetaObject::invokeMethod(this, std::move(done), Qt::QueuedConnection);
    } catch (const StoreError& problem) {
        refuse(problem, error);
    } catch (const std::exception& problem) {
        refuse({StoreError::Kind::Other, QString::fromUtf8(problem.what())}, error);
    }
}

void TranscriptStore::post(Job job, std::function<void(const StoreError&)> error) {
    m_impl->queue.push([this, job = std::move(job), error = std::move(error)] {
        answer(job, m_impl->database.get(), error);
    });
}

} // namespace app
