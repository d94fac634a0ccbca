#pragma once
#include <QList>
#include <QString>
#include <QStringList>

// Where models lie on this machine. Only reads; other programs' folders are never written. Any thread.
namespace app::models {

struct Place {
    QString folder;
    QString source; // ModelEntry::source
};

/// Folders that hold .gguf files under their own names, those of the settings included; ours first. Only
/// those that exist.
QList<Place> placesOfFiles(const QStringList& chosenFolders);
/// Ollama's stores: manifests beside blobs. Only those that exist.
QStringList ollamaStores();

/// A model of an Ollama store.
struct OllamaModel {
    QString name; // as Ollama prints it: "llama3:8b", "somebody/model:latest"
    QString blob; // the .gguf file
};
/// What the manifests name and the blobs hold. Manifests are other people's text: digests are checked before
/// they become a path.
QList<OllamaModel> modelsIn(const QString& ollamaStore);

} // namespace app::models
