#pragma once
#include <memory>
#include <QDateTime>
#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>

namespace app {

/// A model file on this machine.
struct ModelEntry {
    QString path;
    QString name;   // from the file, or its name
    QString source; // "Sumidero", "Hugging Face cache", "Ollama", "LM Studio", ..., or the chosen folder
    QString architecture;
    QString quantisation; // "Q4_1"
    quint64 fileBytes = 0;
    quint64 memoryBytes = 0; // weights + a cache of the default size
    int trainedLength = 0;
    QString problem; // one sentence why it cannot be used; empty = usable
};

/// Finds .gguf files: $XDG_DATA_HOME/sumidero/models, the folders of the settings, and those of the Hugging
/// Face cache, LM Studio, llama.cpp, GPT4All and Ollama. Each file once, whatever links lead to it. Reads
/// headers only, never writes, off the main thread. Main thread only.
class ModelLibrary : public QObject {
    Q_OBJECT
public:
    explicit ModelLibrary(QObject* parent = nullptr);
    ~ModelLibrary() override;

    static QString modelsFolder(); // where the installer puts the default model
    static QString defaultModelPath();

    void refresh(const QStringList& extraFolders); // changed() follows
    const QList<ModelEntry>& models() const;
    bool isSearching() const;
    /// One folder or file at once, on the calling thread (command line, tests).
    static QList<ModelEntry> scan(const QString& folder, const QString& source);

Q_SIGNALS:
    void changed();

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
