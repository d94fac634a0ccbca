#include "app/controller/history.h"
#include "app/controller/impl.h"

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

// The model in use and what a change of the settings asks for: a load, a re-read of the chat, or nothing.
namespace app {
namespace {

QString pathOf(const engine::ModelInfo& info) {
    return QString::fromStdString(info.path.string());
}

} // namespace

engine::LoadOptions ChatController::Impl::loadOptions() const {
    engine::LoadOptions options;
    options.device.cpu.threads = startupThreads.value_or(settings.threads);
    options.device.device = startupDevice.value_or(settings.device).toStdString();
    if (settings.cache.window > 0)
        options.cacheTokens = settings.cache.sinks + settings.cache.window;
    options.chatFormat = settings.chatFormat.toStdString();
    return options;
}

void ChatController::Impl::connectModels() {
    connect(&models, &ModelSwitcher::changed, &q, [this] { Q_EMIT q.modelStateChanged(); });
    connect(&models, &ModelSwitcher::loaded, &q, [this](const QString& path) { onModelLoaded(path); });
    connect(&models, &ModelSwitcher::deviceFailed, &q, [this](const QString& sentence) {
        lastDeviceProblem = sentence;
        tell(tr("%1 The chat goes on on the CPU.").arg(sentence));
    });
    connect(&models, &ModelSwitcher::failed, &q, [this](const QString& sentence) {
        tell(sentence);
        pump();
    });
    connect(&rereadCounter, &RereadCounter::known, &q, &ChatController::costKnown);
    connect(&models, &ModelSwitcher::cancelled, &q, [this] { pump(); });
    connect(&downloads, &ModelDownloads::arrived, &q, [this] { library.refresh(settings.modelFolders); });
}

void ChatController::Impl::loadAtStart(const QMap<QString, QString>& stored) {
    QString crashedModel = stored.value(ModelSwitcher::MarkerKey);
    const QString crashedDevice = stored.value(ModelSwitcher::DeviceMarkerKey);
    if (!crashedModel.isEmpty() && !crashedDevice.isEmpty() && crashedDevice != QLatin1String("cpu") &&
        !startupDevice) { // more likely its driver than the model
        whyStartupDevice = tr("Sumidero ended unexpectedly while it loaded “%1” last time, perhaps by a "
                              "fault of the graphics "
                              "device.")
                               .arg(QFileInfo(crashedModel).completeBaseName());
        startupDevice = QStringLiteral("cpu");
        crashedModel.clear();
    }
    if (!startupModel.isEmpty()) { // asked for by name: also after a crash
        loadModel(startupModel, {}, false);
        return;
    }
    const QString path = settings.modelPath.isEmpty() ? ModelLibrary::defaultModelPath() : settings.modelPath;
    if (!crashedModel.isEmpty() && crashedModel == path) {
        models.refuse(tr("Sumidero ended unexpectedly while it loaded “%1” last time, so it was not loaded "
                         "again by itself. "
                         "Choose a model in the settings, or load this one once more.")
                          .arg(QFileInfo(path).completeBaseName()));
        return;
    }
    if (!QFileInfo::exists(path)) {
        models.refuse(
            settings.modelPath.isEmpty()
                ? tr("There is no model yet. Choose a model file (.gguf) in the settings.")
                : tr("The model “%1” is no longer there. Choose another one in the settings.").arg(path));
        return;
    }
    loadModel(path, settings.modelPath, false);
}

/// `setting`: what settings.modelPath becomes when it worked, if it is to be remembered.
void ChatController::Impl::loadModel(const QString& path, const QString& setting, bool remember) {
    modelSetting = setting;
    rememberModel = remember;
    if (work.turn()) // what is written stays and can be continued with the new model
        work.turn()->stopAsked = true;
    stopEngine();
    models.load(path, loadOptions(), whyStartupDevice);
}

void ChatController::Impl::reloadModel() {
    if (models.isLoading())
        models.load(models.path(), loadOptions(), whyStartupDevice);
    else if (models.hasModel())
        loadModel(pathOf(models.state().info), settings.modelPath, false);
}

/// Once, as long as it stays the same.
void ChatController::Impl::tellOfDevice(const QString& sentence) {
    if (!sentence.isEmpty() && sentence != lastDeviceProblem)
        tell(tr("%1 The model runs on the CPU.").arg(sentence));
    lastDeviceProblem = sentence;
}

void ChatController::Impl::onModelLoaded(const QString& path) {
    tellOfDevice(models.state().deviceProblem);
    cache = {};
    cacheView = -1;
    Q_EMIT q.cacheStatusChanged();
    if (rememberModel && settings.modelPath != modelSetting) {
        const Settings before = settings;
        settings.modelPath = modelSetting;
        saveSettings(before);
    }
    if (current.id > 0 && writable()) {
        const QJsonObject details{{QStringLiteral("name"), QString::fromStdString(models.state().info.name)},
                                  {QStringLiteral("path"), path}};
        store.run([chat = current.id,
                   text = QString::fromUtf8(QJsonDocument(details).toJson(QJsonDocument::Compact))](
                      Database& database) { database.recordEvent(chat, QStringLiteral("model"), text); });
    }
    prepare();
}

void ChatController::Impl::applySettings(const Settings& wanted) {
    const Settings before = settings;
    settings = wanted;
    settings.modelPath = before.modelPath; // changes when the new one is loaded
    saveSettings(before);
    if (settings.threads != before.threads)
        startupThreads.reset();
    if (settings.device != before.device) {
        startupDevice.reset();
        whyStartupDevice.clear();
    }
    if (settings.modelFolders != before.modelFolders)
        library.refresh(settings.modelFolders);
    if (current.id == 0 && !hasOwnPrompt)
        current.systemPrompt = settings.systemPrompt; // a new chat takes it over
    if (wanted.modelPath != before.modelPath)
        loadModel(wanted.modelPath.isEmpty() ? ModelLibrary::defaultModelPath() : wanted.modelPath,
                  wanted.modelPath, true);
    else if (settings.threads != before.threads || settings.device != before.device ||
             settings.chatFormat != before.chatFormat)
        reloadModel();
    else if (settings.cache != before.cache || settings.systemPrompt != before.systemPrompt)
        prepare();
}

void ChatController::Impl::saveSettings(const Settings& before) {
    if (settings == before)
        return;
    if (writable()) {
        const QMap<QString, QString> old = before.toMap();
        const QMap<QString, QString> now = settings.toMap();
        store.run([old, now](Database& database) {
            for (auto it = now.begin(); it != now.end(); ++it) {
                if (!old.contains(it.key()) || old.value(it.key()) != it.value())
                    database.saveSetting(it.key(), it.value());
            }
        });
    }
    Q_EMIT q.settingsChanged();
}

int ChatController::Impl::windowOf(const engine::CacheOptions& options) const {
    if (options.window > 0)
        return options.window;
    const int trained = models.state().info.trainedLength;
    return trained > 0 ? std::min(trained, engine::UsualCacheTokens) : engine::UsualCacheTokens;
}

RereadCost ChatController::Impl::costOf(const Settings& wanted, const QString& modelPath,
                                        const QString& systemPrompt) {
    if (transcript.count() == 0)
        return {};
    const int window = wanted.cache.window > 0 ? wanted.cache.window : engine::UsualCacheTokens;
    History history = historyOf(transcript.count(), window);
    engine::ChatRequest request;
    request.system = systemPrompt.toStdString();
    request.history = std::move(history.messages);
    request.earlierBytes = history.earlierBytes;
    request.cache = wanted.cache;
    const int about = aboutToRead(request, window);
    const auto counted = rereadCounter.count({modelPath, wanted.chatFormat, std::move(request)});
    return counted ? RereadCost{*counted, false} : RereadCost{about, true};
}

RereadCost ChatController::Impl::rereadCost(const Settings& wanted, const QString& systemPrompt) {
    const bool other = wanted.modelPath != settings.modelPath;
    const bool reads = other || systemPrompt != current.systemPrompt || wanted.cache != settings.cache ||
                       wanted.threads != settings.threads || wanted.device != settings.device ||
                       wanted.chatFormat != settings.chatFormat;
    if (!reads)
        return {};
    const QString path = !other                       ? pathOf(models.state().info)
                         : wanted.modelPath.isEmpty() ? ModelLibrary::defaultModelPath()
                                                      : wanted.modelPath;
    return costOf(wanted, path, systemPrompt);
}

} // namespace app
