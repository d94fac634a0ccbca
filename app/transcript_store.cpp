#include "app/transcript_store.h"

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

StoreError notOpen() {
    return {StoreError::Kind::Other, u"The chats are not open."_s};
}

} // namespace

struct TranscriptStore::Impl {
    // Main thread
    bool isOpen = false;
    Access access = Access::ReadOnly;
    // Database thread
    std::unique_ptr<Database> database;
    // Last, so that its thread has ended before the database goes
    Queue queue;
};

TranscriptStore::TranscriptStore(QObject* parent) : QObject(parent), m_impl(std::make_unique<Impl>()) {}

TranscriptStore::~TranscriptStore() {
    m_impl->queue.push([this] { m_impl->database.reset(); });
    m_impl->queue.waitUntilDone();
}

void TranscriptStore::open(const QString& path) {
    m_impl->queue.push([this, path] {
        m_impl->database.reset();
        Task answer;
        try {
            m_impl->database = Database::open(path);
            answer = [this, access = m_impl->database->access(), notice = m_impl->database->notice()] {
                m_impl->isOpen = true;
                m_impl->access = access;
                Q_EMIT opened(notice);
            };
        } catch (const std::exception& error) {
            answer = [this, sentence = QString::fromUtf8(error.what())] {
                m_impl->isOpen = false;
                Q_EMIT openFailed(sentence);
            };
        }
        QMetaObject::invokeMethod(this, answer, Qt::QueuedConnection);
    });
}

bool TranscriptStore::isOpen() const {
    return m_impl->isOpen;
}

Access TranscriptStore::access() const {
    return m_impl->access;
}

void TranscriptStore::flush() {
    m_impl->queue.waitUntilDone();
}

void TranscriptStore::post(Job job, std::function<void(const StoreError&)> error) {
    m_impl->queue.push([this, job = std::move(job), error = std::move(error)] {
        const auto answer = [this](Task task) {
            QMetaObject::invokeMethod(this, std::move(task), Qt::QueuedConnection);
        };
        const auto refuse = [&](const StoreError& problem) {
            answer([this, error, problem] {
                if (error)
                    error(problem);
                Q_EMIT failed(QString::fromUtf8(problem.what()));
            });
        };
        try {
            if (!m_impl->database)
                throw notOpen();
            if (Task done = job(*m_impl->database))
                answer(std::move(done));
        } catch (const StoreError& problem) {
            refuse(problem);
        } catch (const std::exception& problem) {
            refuse({StoreError::Kind::Other, QString::fromUtf8(problem.what())});
        }
    });
}

} // namespace app
