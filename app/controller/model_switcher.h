#pragma once
#include "app/engine_port.h"
#include "app/model_state.h"
#include "app/transcript_store.h"

#include <QObject>

namespace app {

/// Loads models and keeps the old one when that fails. While a model is loaded, and until it has read its
/// first text, its path stands in the store as a marker: a program that was ended by a model does not load it
/// again by itself. Main thread; owned by the controller.
class ModelSwitcher : public QObject {
    Q_OBJECT
public:
    static const QString MarkerKey;       // of the store's settings: the path, or empty
    static const QString DeviceMarkerKey; // the device that it was being loaded on

    ModelSwitcher(EnginePort& engine, TranscriptStore& store, QObject* parent);

    const ModelState& state() const { return m_state; }
    bool isLoading() const { return m_state.phase == ModelState::Phase::Loading; }
    const QString& path() const { return m_path; } // of the newest loading
    bool hasModel() const { return !m_state.info.path.empty(); }

    /// Takes the place of a loading in progress. `whyHere`: why it is not the device of the settings; empty: it is.
    void load(const QString& path, const engine::LoadOptions& options, const QString& whyHere);
    void cancel();
    /// The model was not loaded, and why; nothing else changes.
    void refuse(const QString& sentence);
    /// A text went through the model: it is not one that ends the program.
    void proved();
    void close(); // the program ends as it should

Q_SIGNALS:
    void changed();
    void loaded(const QString& path);
    void deviceFailed(const QString& sentence); // the chat goes on on the CPU
    void failed(const QString& sentence);
    void cancelled();

private:
    void ask();
    void setMarker(const QString& path);
    void leaveLoading();

    EnginePort& m_engine;
    TranscriptStore& m_store;
    ModelState m_state;
    QString m_path;
    engine::LoadOptions m_options;
    QString m_whyHere;
    engine::Reply m_reply; // to nothing while the marker is still being written
    int m_attempt = 0;
    bool m_marked = false;
};

} // namespace app
