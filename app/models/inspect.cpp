#include "app/models/inspect.h"
#include "app/presentable.h"

#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/model_config.h"

#include <QDir>
#include <QFileInfo>
#include <QRegularExpression>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace app::models {

namespace {

constexpr int kMostParts = 1000; // of a model in several files

/// Whether another file of the same model with a lower number is there: "name-00002-of-00005.gguf". That one stands for the model.
bool isLaterPart(const QFileInfo& info) {
    static const QRegularExpression kPart(u"-(\\d{5})-of-\\d{5}\\.gguf\\z"_s);
    const QRegularExpressionMatch match = kPart.match(info.fileName());
    if (!match.hasMatch())
        return false;
    for (int number = std::min(match.captured(1).toInt(), kMostParts) - 1; number >= 1; --number) {
        QString name = info.fileName();
        name.replace(match.capturedStart(1), 5, u"%1"_s.arg(number, 5, 10, QChar(u'0')));
        if (QFileInfo(info.dir(), name).isFile())
            return true;
    }
    return false;
}

/// By name, before it is opened.
bool isNoModel(const QString& fileName) {
    return fileName.contains(u"mmproj"_s, Qt::CaseInsensitive) || fileName.startsWith(u"incomplete-"_s);
}

/// By its own word. Files without the key are older than it.
bool isNoModel(const engine::GgufFile& file) {
    const std::optional<std::string> type = file.findString("general.type");
    const std::optional<std::uint64_t> part = file.findUint("split.no");
    return (type && *type != "model") || (part && *part > 0);
}

quint64 weightBytes(const engine::GgufFile& file) {
    quint64 bytes = 0;
    for (const engine::GgufFile::TensorInfo& tensor : file.tensors())
        bytes += tensor.bytes;
    return bytes;
}

void readConfig(const engine::GgufFile& file, ModelEntry& entry) {
    const engine::ModelConfig config = engine::ModelConfig::fromGguf(file);
    entry.trainedLength = config.trainedLength;
    entry.memoryBytes = weightBytes(file) + config.kvBytesPerToken(kernels::KvType::F16) *
                                                static_cast<quint64>(config.usualCacheTokens());
}

} // namespace

std::optional<ModelEntry> inspect(const QString& path, const QString& source, const std::stop_token& stop) {
    const QFileInfo info(path);
    if (isNoModel(info.fileName()) || isLaterPart(info))
        return {};
    ModelEntry entry;
    entry.path = path;
    entry.name = presentable(info.completeBaseName());
    entry.source = source;
    entry.fileBytes = static_cast<quint64>(info.size());
    try {
        const auto file = engine::GgufFile::open(path.toStdString(), stop);
        if (isNoModel(*file))
            return {};
        entry.name = QString::fromStdString(engine::displayName(*file));
        entry.quantisation = QString::fromStdString(engine::quantisationLabel(*file));
        if (const std::optional<std::string> architecture = file->findString("general.architecture"))
            entry.architecture = QString::fromStdString(engine::presentable(*architecture));
        entry.fileBytes = file->fileBytes();
        readConfig(*file, entry);
    } catch (const engine::Stopped&) {
        return {};
    } catch (const std::exception& error) {
        entry.problem = QString::fromUtf8(error.what());
    }
    return entry;
}

} // namespace app::models
