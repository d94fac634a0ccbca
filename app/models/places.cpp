#include "app/models/places.h"
#include "app/paths.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QStandardPaths>

using namespace Qt::StringLiterals;

namespace app::models {

namespace {

constexpr qint64 kLargestText = 1 << 20; // of a manifest or a settings file

QString inHome(const QString& path) {
    return QDir::homePath() + path;
}

QString inCache(const QString& path) {
    return QStandardPaths::writableLocation(QStandardPaths::GenericCacheLocation) + path;
}

QByteArray smallFile(const QString& path) {
    QFile file(path);
    return QFileInfo(path).isFile() && file.open(QIODevice::ReadOnly) ? file.read(kLargestText)
                                                                      : QByteArray();
}

void addVariable(QStringList& folders, const char* variable, const QString& below = {}) {
    const QString value = qEnvironmentVariable(variable);
    if (!value.isEmpty())
        folders.append(value + below);
}

QStringList huggingFaceFolders() {
    QStringList folders;
    addVariable(folders, "HF_HUB_CACHE");
    addVariable(folders, "HUGGINGFACE_HUB_CACHE");
    addVariable(folders, "HF_HOME", u"/hub"_s);
    folders.append(inCache(u"/huggingface/hub"_s));
    folders.append(inHome(u"/.cache/huggingface/hub"_s));
    return folders;
}

QStringList lmStudioFolders() {
    QString home = QString::fromUtf8(smallFile(inHome(u"/.lmstudio-home-pointer"_s))).trimmed();
    if (home.isEmpty())
        home = QFileInfo::exists(inHome(u"/.cache/lm-studio"_s)) ? inHome(u"/.cache/lm-studio"_s)
                                                                 : inHome(u"/.lmstudio"_s);
    QStringList folders{home + u"/models"_s};
    const QJsonObject settings = QJsonDocument::fromJson(smallFile(home + u"/settings.json"_s)).object();
    if (const QString chosen = settings[u"downloadsFolder"_s].toString(); QDir::isAbsolutePath(chosen))
        folders.append(chosen);
    return folders;
}

QStringList llamaCppFolders() {
    QStringList folders;
    addVariable(folders, "LLAMA_CACHE");
    folders.append(inCache(u"/llama.cpp"_s));
    return folders;
}

/// "registry.ollama.ai/library/llama3/8b" -> "llama3:8b"
QString ollamaName(const QString& manifest) {
    QString name = manifest;
    for (const QString& usual : {u"registry.ollama.ai/library/"_s, u"registry.ollama.ai/"_s}) {
        if (name.startsWith(usual)) {
            name.remove(0, usual.size());
            break;
        }
    }
    const qsizetype tag = name.lastIndexOf(u'/');
    return tag < 0 ? name : name.replace(tag, 1, u":"_s);
}

QString blobOf(const QString& store, const QByteArray& manifest) {
    static const QRegularExpression kDigest(u"\\Asha256[:-]([0-9a-f]{64})\\z"_s);
    for (const QJsonValue& layer : QJsonDocument::fromJson(manifest).object()[u"layers"_s].toArray()) {
        if (layer[u"mediaType"_s].toString() != u"application/vnd.ollama.image.model"_s)
            continue;
        const QRegularExpressionMatch digest = kDigest.match(layer[u"digest"_s].toString());
        if (digest.hasMatch())
            return store + u"/blobs/sha256-"_s + digest.captured(1);
    }
    return {};
}

} // namespace

QList<Place> placesOfFiles(const QStringList& chosenFolders) {
    QList<Place> places;
    const auto add = [&](const QStringList& folders, const QString& source) {
        for (const QString& folder : folders) {
            if (QFileInfo::exists(folder))
                places.append({folder, source});
        }
    };
    add({modelsFolder()}, u"Sumidero"_s);
    for (const QString& folder : chosenFolders)
        add({folder}, QDir::toNativeSeparators(folder));
    add(huggingFaceFolders(), u"Hugging Face cache"_s);
    add(lmStudioFolders(), u"LM Studio"_s);
    add(llamaCppFolders(), u"llama.cpp"_s);
    add({QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + u"/nomic.ai/GPT4All"_s},
        u"GPT4All"_s);
    return places;
}

QStringList ollamaStores() {
    QStringList candidates;
    addVariable(candidates, "OLLAMA_MODELS");
    candidates.append(inHome(u"/.ollama/models"_s));
    candidates.append(u"/usr/share/ollama/.ollama/models"_s); // of the system service
    candidates.removeIf([](const QString& folder) { return !QFileInfo::exists(folder); });
    return candidates;
}

QList<OllamaModel> modelsIn(const QString& store) {
    QList<OllamaModel> models;
    const QString manifests = store + u"/manifests/"_s;
    QDirIterator files(manifests, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString manifest = files.next();
        const QString blob = blobOf(store, smallFile(manifest));
        if (!blob.isEmpty() && QFileInfo(blob).isFile())
            models.append({ollamaName(manifest.sliced(manifests.size())), blob});
    }
    return models;
}

} // namespace app::models
