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

constexpr int kDefaultCacheTokens = 4096; // or the trained length, where that is shorter

struct Part {
    int number = 1;
    int count = 1;
};

/// "name-00002-of-00005.gguf"
Part partOf(const QString& fileName) {
    static const QRegularExpression kPart(u"-(\\d{5})-of-(\\d{5})\\.gguf\\z"_s,
                                          QRegularExpression::CaseInsensitiveOption);
    const QRegularExpressionMatch match = kPart.match(fileName);
    return match.hasMatch() ? Part{match.captured(1).toInt(), match.captured(2).toInt()} : Part{};
}

quint64 bytesOfAllParts(const QFileInfo& first, int count) {
    quint64 bytes = 0;
    const qsizetype digits = first.fileName().size() - qsizetype(sizeof "00001-of-00005.gguf" - 1);
    for (int number = 1; number <= std::min(count, 999); ++number) {
        QString name = first.fileName();
        name.replace(digits, 5, u"%1"_s.arg(number, 5, 10, QChar(u'0')));
        bytes += static_cast<quint64>(QFileInfo(first.dir(), name).size());
    }
    return bytes;
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
    const int tokens = std::min(config.trainedLength, kDefaultCacheTokens);
    entry.memoryBytes =
        weightBytes(file) + config.kvBytesPerToken(kernels::KvType::F16) * static_cast<quint64>(tokens);
}

} // namespace

std::optional<ModelEntry> inspect(const QString& path, const QString& source) {
    const QFileInfo info(path);
    const Part part = partOf(info.fileName());
    if (isNoModel(info.fileName()) || part.number != 1)
        return {};
    ModelEntry entry;
    entry.path = path;
    entry.name = presentable(info.completeBaseName());
    entry.source = source;
    entry.fileBytes = static_cast<quint64>(info.size());
    try {
        const std::shared_ptr<const engine::GgufFile> file = engine::GgufFile::open(path.toStdString());
        if (isNoModel(*file))
            return {};
        entry.name = QString::fromStdString(engine::displayName(*file));
        entry.quantisation = QString::fromStdString(engine::quantisationLabel(*file));
        if (const std::optional<std::string> architecture = file->findString("general.architecture"))
            entry.architecture = QString::fromStdString(engine::presentable(*architecture));
        if (part.count > 1 || file->findUint("split.count").value_or(1) > 1) {
            entry.fileBytes = bytesOfAllParts(info, part.count);
            entry.problem =
                u"It is split into %1 files, which Sumidero cannot read; join them into one first."_s.arg(
                    part.count);
            return entry;
        }
        readConfig(*file, entry);
    } catch (const std::exception& error) {
        entry.problem = QString::fromUtf8(error.what());
    }
    return entry;
}

} // namespace app::models
