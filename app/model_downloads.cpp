#include "app/model_downloads.h"

#include "app/downloads/job.h"
#include "app/downloads/rate.h"
#include "app/hugging_face.h"
#include "app/paths.h"

#include <QFileInfo>
#include <QNetworkProxyFactory>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace app {

using Phase = DownloadState::Phase;

namespace {

constexpr int TellMs = 250;

QString megabytes(quint64 bytes) {
    const double value = static_cast<double>(bytes) / 1e6;
    return value < 1000 ? u"%1 MB"_s.arg(qRound64(value)) : u"%1 GB"_s.arg(value / 1000, 0, 'f', 1);
}

} // namespace

struct ModelDownloads::Impl {
    explicit Impl(ModelDownloads& downloads) : q(downloads), huggingFace(network) {}

    void start(const ModelOffer& offer);
    void pump();
    void leave(const QString& id);
    void tick();
    void end(const DownloadState& state);
    bool hasRoom(const ModelOffer& offer);
    bool isActive(const QString& id) const { return job && job->offer().id == id; }
    qint64 bytesHere(const QString& id) const {
        return downloads::WorkFolder(modelsFolder(), id).bytesHere();
    }
    DownloadState kept(const ModelOffer& offer) const;

    ModelDownloads& q;
    QNetworkAccessManager network;
    Machine machine;
    HuggingFace huggingFace;
    DownloadPatience patience;
    QList<ModelOffer> others;             // not of the catalogue
    QHash<QString, DownloadState> states; // of what was touched while the program runs
    QList<ModelOffer> queue;
    std::unique_ptr<downloads::Job> job; // under way; null: nothing
    int jobNumber = 0;
    downloads::Rate rate;
    QTimer timer;
};

ModelDownloads::ModelDownloads(QObject* parent) : QObject(parent), m_impl(std::make_unique<Impl>(*this)) {
    QNetworkProxyFactory::setUseSystemConfiguration(true); // http_proxy and its kin
    m_impl->timer.setInterval(TellMs);
    connect(&m_impl->timer, &QTimer::timeout, this, [this] { m_impl->tick(); });
    for (const ModelOffer& offer : downloads::WorkFolder::unfinished(modelsFolder())) {
        if (offer.hub)
            m_impl->others.append(offer);
    }
}

ModelDownloads::~ModelDownloads() = default;

QList<ModelOffer> ModelDownloads::offers() const {
    return modelCatalogue() + m_impl->others;
}

Machine& ModelDownloads::machine() {
    return m_impl->machine;
}
HuggingFace& ModelDownloads::huggingFace() {
    return m_impl->huggingFace;
}

ModelFit ModelDownloads::fit(const ModelOffer& offer, const engine::CacheOptions& cache) const {
    return m_impl->machine.fit(offer, cache, modelsFolder(),
                               static_cast<quint64>(std::max<qint64>(0, m_impl->bytesHere(offer.id))));
}

void ModelDownloads::setPatience(const DownloadPatience& patience) {
    m_impl->patience = patience;
    m_impl->huggingFace.patience = patience;
}

bool ModelDownloads::isBusy() const {
    return m_impl->job != nullptr;
}

DownloadState ModelDownloads::state(const ModelOffer& offer) const {
    const DownloadState known =
        m_impl->states.contains(offer.id) ? m_impl->states.value(offer.id) : m_impl->kept(offer);
    const QString path = modelsFolder() + u'/' + offer.file;
    // A finished file was checked before it got its name. A broken one of the same name has another length, or does not load.
    const QList<ModelFile> files = filesOf(offer);
    const bool isHere = std::all_of(files.begin(), files.end(), [](const ModelFile& file) {
        const qint64 bytes = QFileInfo(modelsFolder() + u'/' + file.file).size();
        return bytes > 0 && bytes == static_cast<qint64>(file.bytes);
    });
    if (known.isUnderWay() || (known.phase != Phase::None && known.phase != Phase::Here && !isHere))
        return known;
    DownloadState state;
    state.total = offer.bytes;
    if (isHere) {
        state.phase = Phase::Here;
        state.done = offer.bytes;
        state.path = path;
    }
    return state;
}

void ModelDownloads::start(const ModelOffer& offer) {
    m_impl->start(offer);
}

void ModelDownloads::pause(const QString& id) {
    m_impl->leave(id);
    m_impl->pump();
}

void ModelDownloads::remove(const QString& id) {
    m_impl->leave(id);
    downloads::WorkFolder(modelsFolder(), id).remove();
    m_impl->states.remove(id);
    const auto gone = m_impl->others.removeIf([&id](const ModelOffer& offer) { return offer.id == id; });
    Q_EMIT changed(id);
    if (gone > 0)
        Q_EMIT offersChanged();
    m_impl->pump();
}

void ModelDownloads::Impl::start(const ModelOffer& offer) {
    if (!offer.problem.isEmpty() || q.state(offer).isUnderWay())
        return;
    const QList<ModelOffer> known = q.offers();
    const bool isNew = std::none_of(known.begin(), known.end(),
                                    [&offer](const ModelOffer& other) { return other.id == offer.id; });
    if (isNew)
        others.append(offer);
    DownloadState state;
    state.phase = Phase::Queued;
    state.total = offer.bytes;
    state.done = static_cast<quint64>(std::max<qint64>(0, bytesHere(offer.id)));
    states.insert(offer.id, state);
    queue.append(offer);
    if (isNew)
        Q_EMIT q.offersChanged();
    Q_EMIT q.changed(offer.id);
    pump();
}

bool ModelDownloads::Impl::hasRoom(const ModelOffer& offer) {
    const ModelFit fit = q.fit(offer, {});
    if (fit.diskFits())
        return true;
    DownloadState state = kept(offer);
    state.phase = Phase::Failed;
    state.problem = tr("There is no room for it: %1 are needed in %2, and %3 are free.")
                        .arg(megabytes(fit.disk), modelsFolder(), megabytes(fit.diskFree));
    states.insert(offer.id, state);
    Q_EMIT q.changed(offer.id);
    return false;
}

/// Begins with the next one when nothing is under way.
void ModelDownloads::Impl::pump() {
    while (!job && !queue.isEmpty()) {
        const ModelOffer offer = queue.takeFirst();
        if (!hasRoom(offer))
            continue;
        job = std::make_unique<downloads::Job>(offer, modelsFolder(), network, patience, nullptr);
        // Queued, because the job goes; meanwhile another one may have taken its place.
        const auto whenStill = [this, number = ++jobNumber](auto work) {
            return [this, number, work](const QString& text) {
                if (job && number == jobNumber)
                    work(text);
            };
        };
        connect(job.get(), &downloads::Job::finished, &q, whenStill([this](const QString& path) {
                    DownloadState state;
                    state.phase = Phase::Here;
                    state.path = path;
                    end(state);
                }),
                Qt::QueuedConnection);
        connect(job.get(), &downloads::Job::failed, &q, whenStill([this](const QString& sentence) {
                    DownloadState state = kept(job->offer());
                    state.phase = Phase::Failed;
                    state.problem = sentence;
                    end(state);
                }),
                Qt::QueuedConnection);
        connect(job.get(), &downloads::Job::waits, &q, [this](const QString& sentence) {
            states[job->offer().id].problem = sentence;
            tick();
        });
        rate.clear();
        timer.start();
        job->start();
        tick();
    }
}

void ModelDownloads::Impl::end(const DownloadState& state) {
    const ModelOffer offer = job->offer();
    job.reset();
    timer.stop();
    DownloadState last = state;
    last.total = offer.bytes;
    if (last.phase == Phase::Here)
        last.done = offer.bytes;
    states.insert(offer.id, last);
    Q_EMIT q.changed(offer.id);
    if (last.phase == Phase::Here)
        Q_EMIT q.arrived(offer.id, last.path);
    pump();
}

/// Stops it, or takes it out of the queue. What is here stays.
void ModelDownloads::Impl::leave(const QString& id) {
    const bool wasActive = isActive(id);
    const auto place =
        std::find_if(queue.begin(), queue.end(), [&id](const ModelOffer& offer) { return offer.id == id; });
    if (!wasActive && place == queue.end())
        return;
    const ModelOffer offer = wasActive ? job->offer() : *place;
    if (wasActive) {
        job.reset();
        timer.stop();
    } else {
        queue.erase(place);
    }
    states.insert(id, kept(offer));
    Q_EMIT q.changed(id);
}

/// What stopping leaves of it.
DownloadState ModelDownloads::Impl::kept(const ModelOffer& offer) const {
    DownloadState state;
    state.total = offer.bytes;
    state.done = static_cast<quint64>(std::max<qint64>(0, bytesHere(offer.id)));
    state.phase = state.done > 0 ? Phase::Paused : Phase::None;
    return state;
}

void ModelDownloads::Impl::tick() {
    if (!job)
        return;
    const QString id = job->offer().id;
    DownloadState& state = states[id];
    state.phase = job->isChecking() ? Phase::Checking : Phase::Fetching;
    state.total = job->offer().bytes;
    const auto received = static_cast<quint64>(job->received());
    // A deflated part is a little smaller on its way than in its place.
    state.done = job->isChecking() ? received : std::max(state.done, received);
    rate.add(job->received(), job->isChecking());
    state.bytesPerSecond = rate.perSecond();
    state.secondsLeft = rate.secondsFor(static_cast<qint64>(state.total - std::min(state.total, state.done)));
    Q_EMIT q.changed(id);
}

} // namespace app
