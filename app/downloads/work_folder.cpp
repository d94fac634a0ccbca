#include "app/downloads/work_folder.h"

#include "app/paths.h"
#include "app/safe_file.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace app::downloads {
namespace {

const QString Prefix = u".fetch-"_s, AboutFile = u"/about.json"_s, Model = u"model"_s;

QByteArray contents(const QString& path) {
    constexpr qint64 most = 1 << 20;
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.read(most) : QByteArray();
}

QJsonArray describe(const QList<ModelFile>& parts) {
    QJsonArray list;
    for (const ModelFile& part : parts)
        list.append(QJsonObject{{u"file"_s, part.file},
                                {u"bytes"_s, static_cast<qint64>(part.bytes)},
                                {u"sha256"_s, part.sha256}});
    return list;
}

QByteArray describe(const ModelOffer& offer) {
    const QJsonObject json{{u"id"_s, offer.id},
                           {u"name"_s, offer.name},
                           {u"file"_s, offer.file},
                           {u"bytes"_s, static_cast<qint64>(offer.bytes)},
                           {u"sha256"_s, offer.sha256},
                           {u"parts"_s, describe(offer.parts)},
                           {u"licence"_s, offer.licence},
                           {u"author"_s, offer.author},
                           {u"repository"_s, offer.hub->repository},
                           {u"revision"_s, offer.hub->revision},
                           {u"path"_s, offer.hub->path}};
    return QJsonDocument(json).toJson();
}

/// Somebody may have edited it: a file is only ever put below the folder of models.
bool isUsable(const ModelFile& file) {
    const bool isInside = QDir::isRelativePath(file.file) && !QDir::cleanPath(file.file).startsWith(u".."_s);
    return isInside && file.bytes > 0 && !file.sha256.isEmpty() && !file.file.isEmpty();
}

std::optional<ModelOffer> readDescription(const QByteArray& text) {
    const QJsonObject json = QJsonDocument::fromJson(text).object();
    ModelOffer offer;
    offer.id = json["id"_L1].toString();
    offer.name = json["name"_L1].toString();
    offer.file = json["file"_L1].toString();
    offer.bytes = static_cast<quint64>(json["bytes"_L1].toInteger());
    offer.sha256 = json["sha256"_L1].toString();
    offer.licence = json["licence"_L1].toString();
    offer.author = json["author"_L1].toString();
    offer.weightBytes = offer.readBytes = offer.bytes;
    offer.hub = HubSource{json["repository"_L1].toString(), json["revision"_L1].toString(),
                          json["path"_L1].toString()};
    for (const QJsonValue& part : json["parts"_L1].toArray())
        offer.parts.append({part["file"_L1].toString(), static_cast<quint64>(part["bytes"_L1].toInteger()),
                            part["sha256"_L1].toString()});
    const QList<ModelFile> files = filesOf(offer);
    if (offer.id.isEmpty() || offer.bytes == 0 || !std::all_of(files.begin(), files.end(), isUsable))
        return {};
    return offer;
}

} // namespace

WorkFolder::WorkFolder(const QString& models, const QString& id) : m_path(models + u'/' + Prefix + id) {}

QString WorkFolder::wheelFile(int part) const {
    return m_path + u"/wheel-%1.part"_s.arg(part);
}

QString WorkFolder::modelFile(qsizetype number) const {
    const QString name = m_path + u'/' + Model;
    return number == 0 ? name : name + u'-' + QString::number(number + 1);
}

bool WorkFolder::exists() const {
    return QFileInfo(m_path).isDir();
}

void WorkFolder::make(const ModelOffer& offer) {
    if (!makePrivateFolder(m_path))
        throw StoreError(StoreError::Kind::Other, u"The folder %1 cannot be made."_s.arg(m_path));
    if (offer.hub)
        writeFile(m_path + AboutFile, describe(offer));
}

WorkFolder::Done WorkFolder::done() const {
    const QList<QByteArray> words = contents(m_path + u"/done"_s).simplified().split(' ');
    if (words.size() != 2)
        return {};
    const Done done{words.at(0).toInt(), words.at(1).toLongLong()};
    return done.parts > 0 && done.length > 0 && QFileInfo(modelFile()).size() >= done.length ? done : Done{};
}

void WorkFolder::setDone(const Done& done) {
    writeFile(m_path + u"/done"_s, QByteArray::number(done.parts) + ' ' + QByteArray::number(done.length));
}

void WorkFolder::remove() {
    QDir(m_path).removeRecursively();
}

qint64 WorkFolder::bytesHere() const {
    if (QFileInfo::exists(m_path + AboutFile)) {
        qint64 bytes = 0;
        for (const QFileInfo& file : QDir(m_path).entryInfoList({Model, Model + u"-*"_s}, QDir::Files))
            bytes += file.size();
        return bytes;
    }
    const Done parts = done();
    return parts.length + QFileInfo(wheelFile(parts.parts + 1)).size();
}

QList<ModelOffer> WorkFolder::unfinished(const QString& models) {
    QList<ModelOffer> offers;
    const QDir folder(models);
    for (const QString& name : folder.entryList({Prefix + u'*'}, QDir::Dirs | QDir::Hidden)) {
        const QString id = name.mid(Prefix.size());
        for (const ModelOffer& offer : modelCatalogue()) {
            if (offer.id == id)
                offers.append(offer);
        }
        const std::optional<ModelOffer> other = readDescription(contents(folder.filePath(name) + AboutFile));
        if (other && other->id == id)
            offers.append(*other);
    }
    return offers;
}

} // namespace app::downloads
