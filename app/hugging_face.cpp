#include "app/hugging_face.h"

#include "app/downloads/fetch.h"
#include "app/presentable.h"

#include <QFileInfo>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSet>
#include <QUrlQuery>

#include <algorithm>
#include <numeric>
#include <optional>

using namespace Qt::StringLiterals;

namespace app {
namespace {

constexpr qint64 LargestAnswer = 16 << 20;      // some repositories have thousands of files
constexpr qint64 LargestFile = qint64{1} << 45; // so that no sum of sizes overflows
constexpr int MostFound = 20;

QString endpoint() {
    QString address = qEnvironmentVariable("HF_ENDPOINT").trimmed();
    if (address.isEmpty())
        address = u"https://huggingface.co"_s;
    while (address.endsWith(u'/'))
        address.chop(1);
    return address;
}

bool isGated(const QJsonObject& repository) { // false, "auto" or "manual"
    return repository["gated"_L1].isString() || repository["gated"_L1].toBool();
}

QString licenceOf(const QJsonObject& repository) {
    const QJsonValue named = repository["cardData"_L1].toObject()["license"_L1];
    if (named.isString())
        return presentable(named.toString(), 40);
    for (const QJsonValue& tag : repository["tags"_L1].toArray()) {
        if (tag.toString().startsWith(u"license:"_s))
            return presentable(tag.toString().mid(8), 40);
    }
    return {};
}

/// A path that stays below the folder it is put into.
bool isPlain(const QString& path) {
    static const QRegularExpression bad(u"(\\A|/)\\.|[\\\\\\x00-\\x1f]|//|\\A/"_s);
    return !path.contains(bad);
}

/// Where the server says it as 64 hexadecimal digits; empty otherwise. A part of it becomes the name of a folder.
QString sha256Of(const QJsonObject& lfs) {
    static const QRegularExpression digits(u"\\A[0-9a-f]{64}\\z"_s);
    const QString sha256 = lfs["sha256"_L1].toString().toLower();
    return sha256.contains(digits) ? sha256 : QString();
}

/// The name of one of several files that are a model together.
struct PartName {
    QString stem, suffix; // "folder/name", ".gguf"
    int count = 0;

    QString path(int number) const {
        const auto digits = [](int value) { return u"%1"_s.arg(value, 5, 10, QChar(u'0')); };
        return stem + u'-' + digits(number) + u"-of-"_s + digits(count) + suffix;
    }
};

std::optional<PartName> partNameOf(const QString& path) {
    static const QRegularExpression form(u"\\A(.+)-\\d{5}-of-(\\d{5})(\\.gguf)\\z"_s,
                                         QRegularExpression::CaseInsensitiveOption);
    const QRegularExpressionMatch match = form.match(path);
    if (!match.hasMatch())
        return {};
    return PartName{match.captured(1), match.captured(3), match.captured(2).toInt()};
}

QString problemOf(const ModelOffer& offer, const std::optional<PartName>& part, bool gated) {
    if (gated)
        return u"Its authors ask for a sign-in, which Sumidero cannot do. Fetch it with your browser and add "
               u"its folder "
               "under Models."_s;
    if (part && offer.parts.size() < part->count)
        return u"It is split into %1 files, and number %2 is missing there."_s.arg(part->count)
            .arg(offer.parts.size() + 1);
    const QList<ModelFile> files = filesOf(offer);
    const auto isKnown = [](const ModelFile& file) { return !file.sha256.isEmpty() && file.bytes > 0; };
    if (!std::all_of(files.begin(), files.end(), isKnown))
        return u"Its size and checksum are not given, so nobody could tell whether it came whole."_s;
    return {};
}

using Files = QHash<QString, ModelFile>; // by path

/// Of the models in a repository; `paths` gets them in its order.
Files modelFilesOf(const QJsonObject& repository, const QString& name, QStringList& paths) {
    Files files;
    for (const QJsonValue& sibling : repository["siblings"_L1].toArray()) {
        const QString path = sibling["rfilename"_L1].toString();
        if (!path.endsWith(u".gguf"_s, Qt::CaseInsensitive) ||
            path.contains(u"mmproj"_s, Qt::CaseInsensitive) || !isPlain(path))
            continue;
        const QJsonObject lfs = sibling["lfs"_L1].toObject();
        const qint64 bytes = sibling["size"_L1].toInteger(lfs["size"_L1].toInteger());
        const bool isSane = bytes > 0 && bytes <= LargestFile;
        paths.append(path);
        files.insert(path, {name + u'/' + path, static_cast<quint64>(isSane ? bytes : 0), sha256Of(lfs)});
    }
    return files;
}

ModelOffer offerOf(const QString& path, const std::optional<PartName>& part, const Files& files,
                   const QJsonObject& repository, const QString& name) {
    const ModelFile first = files.value(path);
    ModelOffer offer;
    offer.file = name + u'/' + path;
    offer.sha256 = first.sha256;
    offer.bytes = first.bytes;
    if (part) {
        for (int number = 1; number <= part->count && files.contains(part->path(number)); ++number)
            offer.parts.append(files.value(part->path(number)));
        offer.bytes = std::accumulate(offer.parts.begin(), offer.parts.end(), quint64{0},
                                      [](quint64 sum, const ModelFile& file) { return sum + file.bytes; });
        offer.about = u"In %1 files."_s.arg(part->count);
    }
    offer.id = u"hf-"_s + (offer.sha256.isEmpty() ? path : offer.sha256.left(16));
    offer.name = presentable(QFileInfo(part ? part->stem + part->suffix : path).completeBaseName());
    offer.licence = licenceOf(repository);
    offer.author = presentable(name.section(u'/', 0, 0));
    offer.weightBytes = offer.readBytes = offer.bytes;
    offer.problem = problemOf(offer, part, isGated(repository));
    offer.hub = HubSource{name, repository["sha"_L1].toString(u"main"_s), path};
    return offer;
}

QList<ModelOffer> offersOf(const QJsonObject& repository, const QString& name) {
    QStringList paths;
    const Files files = modelFilesOf(repository, name, paths);
    QList<ModelOffer> offers;
    QSet<QString> seen;
    for (const QString& path : paths) {
        const std::optional<PartName> part = partNameOf(path);
        const QString first = part ? part->path(1) : path;
        if (!seen.contains(first))
            offers.append(offerOf(first, part, files, repository, name));
        seen.insert(first);
    }
    return offers;
}

} // namespace

struct HuggingFace::Impl {
    QNetworkAccessManager& network;
    std::unique_ptr<downloads::Fetch> fetch; // null: nothing is asked
};

HuggingFace::HuggingFace(QNetworkAccessManager& network, QObject* parent)
    : QObject(parent), m_impl(new Impl{network, nullptr}) {}

HuggingFace::~HuggingFace() = default;

QString HuggingFace::host() {
    return QUrl(endpoint()).host();
}

bool HuggingFace::isLooking() const {
    return m_impl->fetch != nullptr;
}

void HuggingFace::cancel() {
    m_impl->fetch.reset();
}

QString HuggingFace::repositoryIn(const QString& text) {
    static const QRegularExpression address(u"\\A(?:https?://)?(?:www\\.)?(?:huggingface\\.co|hf\\.co)/"_s);
    static const QRegularExpression form(u"\\A([A-Za-z0-9][\\w.-]*)/([A-Za-z0-9][\\w.-]*)(/|\\z)"_s);
    QString name = text.trimmed();
    const bool isAddress = name.contains(address) || name.startsWith(endpoint() + u'/');
    name.remove(address);
    if (name.startsWith(endpoint() + u'/'))
        name.remove(0, endpoint().size() + 1);
    name = name.section(u'?', 0, 0)
               .section(u'#', 0, 0)
               .section(u':', 0, 0); // "owner/name:Q4_K_M" of other programs
    const QRegularExpressionMatch match = form.match(name);
    if (!match.hasMatch() || (!isAddress && match.capturedEnd() < name.size()))
        return {};
    return match.captured(1) + u'/' + match.captured(2);
}

QUrl HuggingFace::fileUrl(const HubSource& source) {
    QUrl url(endpoint());
    url.setPath(url.path() + u"/%1/resolve/%2/%3"_s.arg(source.repository, source.revision, source.path));
    return url;
}

void HuggingFace::look(const QString& text) {
    const QString repository = repositoryIn(text);
    QUrl url(endpoint());
    QUrlQuery query;
    if (repository.isEmpty()) {
        url.setPath(url.path() + u"/api/models"_s);
        query.addQueryItem(u"search"_s, QString::fromLatin1(QUrl::toPercentEncoding(text.trimmed())));
        query.addQueryItem(u"filter"_s, u"gguf"_s);
        query.addQueryItem(u"sort"_s, u"downloads"_s);
        query.addQueryItem(u"direction"_s, u"-1"_s);
        query.addQueryItem(u"limit"_s, QString::number(MostFound));
    } else {
        url.setPath(url.path() + u"/api/models/"_s + repository);
        query.addQueryItem(u"blobs"_s, u"true"_s); // sizes and checksums of the files
    }
    url.setQuery(query);
    m_impl->fetch = std::make_unique<downloads::Fetch>(m_impl->network, patience, nullptr);
    downloads::Fetch* fetch = m_impl->fetch.get();
    // Queued: the object that tells it goes.
    connect(
        fetch, &downloads::Fetch::failed, this,
        [this, fetch](const QString& sentence) {
            if (m_impl->fetch.get() != fetch)
                return;
            m_impl->fetch.reset();
            Q_EMIT failed(sentence);
        },
        Qt::QueuedConnection);
    connect(
        fetch, &downloads::Fetch::finished, this,
        [this, fetch, repository] {
            if (m_impl->fetch.get() != fetch)
                return;
            const QJsonDocument json = QJsonDocument::fromJson(fetch->body());
            m_impl->fetch.reset();
            if (repository.isEmpty() ? !json.isArray() : !json.isObject()) {
                Q_EMIT failed(tr("%1 gave an answer that could not be understood.").arg(host()));
            } else if (!repository.isEmpty()) {
                Q_EMIT listed(repository, offersOf(json.object(), repository));
            } else {
                QList<HubRepository> repositories;
                for (const QJsonValue& entry : json.array()) {
                    const QString name = repositoryIn(entry["id"_L1].toString());
                    if (!name.isEmpty())
                        repositories.append(
                            {name, entry["downloads"_L1].toInteger(), isGated(entry.toObject())});
                }
                Q_EMIT found(repositories);
            }
        },
        Qt::QueuedConnection);
    fetch->text(url, LargestAnswer);
    Q_EMIT started();
}

} // namespace app
