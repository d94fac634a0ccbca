#include "app/model_library.h"
#include "app/models/inspect.h"
#include "app/models/places.h"
#include "app/paths.h"
#include "app/presentable.h"

#include <QDirIterator>
#include <QFileInfo>
#include <QPointer>

#include <set>
#include <stop_token>
#include <sys/stat.h>
#include <thread>

using namespace Qt::StringLiterals;

namespace app {

namespace {

constexpr int kMostFiles = 100000; // looked at in one place: somebody may have chosen "/"

/// One search through many places; a file that several of them hold is listed once.
class Search {
public:
    explicit Search(std::stop_token stop) : m_stop(std::move(stop)) {}

    void everything(const QStringList& chosenFolders) {
        for (const models::Place& place : models::placesOfFiles(chosenFolders))
            files(place.folder, place.source);
        for (const QString& store : models::ollamaStores())
            ollama(store);
    }

    void files(const QString& path, const QString& source) {
        if (QFileInfo(path).isFile()) {
            file(path, source, {});
            return;
        }
        if (complainedAbout(path, source))
            return;
        // Links to folders are followed; the iterator remembers where it has been.
        QDirIterator entries(path, QDir::Files | QDir::NoDotAndDotDot,
                             QDirIterator::Subdirectories | QDirIterator::FollowSymlinks);
        QStringList names;
        for (int seen = 0; entries.hasNext() && seen < kMostFiles && !m_stop.stop_requested(); ++seen) {
            const QString name = entries.next();
            if (name.endsWith(u".gguf"_s, Qt::CaseInsensitive))
                names.append(name);
        }
        names.sort(Qt::CaseInsensitive);
        for (const QString& name : names)
            file(name, source, {});
    }

    void ollama(const QString& store) {
        if (complainedAbout(store, u"Ollama"_s))
            return;
        for (const models::OllamaModel& model : models::modelsIn(store))
            file(model.blob, u"Ollama"_s, model.name);
    }

    QList<ModelEntry> found;

private:
    void file(const QString& path, const QString& source, const QString& name) {
        if (m_stop.stop_requested() || !QFileInfo(path).isFile() || !isNew(path))
            return;
        std::optional<ModelEntry> entry = models::inspect(path, source, m_stop);
        if (!entry)
            return;
        if (!name.isEmpty())
            entry->name = presentable(name);
        found.append(*entry);
    }

    bool isNew(const QString& path) {
        struct stat status;
        if (::stat(QFile::encodeName(path).constData(), &status) != 0)
            return false;
        return m_seen.emplace(status.st_dev, status.st_ino).second;
    }

    /// A folder that exists but is closed to us is worth a line: its models would be missed.
    bool complainedAbout(const QString& folder, const QString& source) {
        const QFileInfo info(folder);
        if (!info.exists() || (info.isReadable() && info.isExecutable()))
            return false;
        ModelEntry entry;
        entry.path = folder;
        entry.name = presentable(folder);
        entry.source = source;
        entry.problem = u"The folder %1 cannot be read by you."_s.arg(entry.name);
        found.append(entry);
        return true;
    }

    std::stop_token m_stop;
    std::set<std::pair<dev_t, ino_t>> m_seen;
};

} // namespace

struct ModelLibrary::Impl {
    QList<ModelEntry> models;
    int generation = 0; // of the search under way; an older one's answer is not wanted any more
    bool isSearching = false;
    std::jthread thread;
};

ModelLibrary::ModelLibrary(QObject* parent) : QObject(parent), m_impl(std::make_unique<Impl>()) {}

ModelLibrary::~ModelLibrary() = default; // the thread is asked to stop, which it does at once

QString ModelLibrary::modelsFolder() {
    return app::modelsFolder();
}

QString ModelLibrary::defaultModelPath() {
    return modelsFolder() + u"/SmolLM2-135M-Instruct.Q4_1.gguf"_s;
}

void ModelLibrary::refresh(const QStringList& extraFolders) {
    m_impl->isSearching = true;
    const int generation = ++m_impl->generation;
    m_impl->thread = std::jthread([this, extraFolders, generation](std::stop_token stop) {
        Search search(stop);
        search.everything(extraFolders);
        if (stop.stop_requested())
            return;
        QMetaObject::invokeMethod(
            this,
            [this, generation, found = std::move(search.found)] {
                if (generation != m_impl->generation)
                    return;
                m_impl->models = found;
                m_impl->isSearching = false;
                Q_EMIT changed();
            },
            Qt::QueuedConnection);
    });
}

const QList<ModelEntry>& ModelLibrary::models() const {
    return m_impl->models;
}

bool ModelLibrary::isSearching() const {
    return m_impl->isSearching;
}

QList<ModelEntry> ModelLibrary::scan(const QString& folder, const QString& source) {
    Search search({});
    search.files(folder, source);
    return search.found;
}

} // namespace app
