#pragma once
#include "app/model_state.h"
#include "ui/inspector/inspector_state.h"

#include <QDateTime>

namespace app {
enum class Activity;
}

// The Inspector's sentences. Pure functions of their arguments and the language; main thread only.
namespace ui {

/// What the sentences need beside the moment that is shown.
struct InspectorFacts {
    app::ModelState::Phase model = app::ModelState::Phase::None;
    app::Activity activity{};
    float readingProgress = 0; // while reading
    int readingTotal = 0;
    engine::CacheStatus cache;
    engine::CacheMode mode = engine::CacheMode::Streaming;
    int trainedLength = 0;
    engine::CaptureRequest wanted; // how closely to look
    QDateTime newest;              // when the last token came; invalid: none yet
    bool changedChat = false;      // another chat, an edit or a new version: nothing has come since
};

/// The states of the Inspector; each is a designed screen with one sentence.
enum class ViewState {
    NoModel,
    Empty,
    Reading,
    Instructions, // only the system block is there
    MapOnly,
    RowsMissing, // the scope's rows were not recorded
    NotRecorded,
    HistoryStart,
    Paused,
    FewTokens,
    NoSinks,
    Dense,
    Gap,
    Lowered, // the governor has stepped in
    Burst,
    Warm,
    Rolling
};

struct StateWords {
    ViewState state = ViewState::Empty;
    QString sentence;
};
/// "840 forgotten": the number of the status line and of the horizon.
QString forgottenWords(const app::InspectorSnapshot& now);
/// Why there are no heads to see at this moment, and what will bring them.
QString noHeadsWords(const InspectorState& state);
StateWords stateWords(const InspectorState& state, const InspectorFacts& facts);

/// What the person has just changed, as a sentence; empty: nothing worth saying.
struct ViewChoices {
    HeadScope scope;
    Aggregate aggregate = Aggregate::Mean;
    HeadValue value = HeadValue::SinkShare;
    HeatScale scale = HeatScale::Log;
    SlotOrder order = SlotOrder::Physical;
    GridMode mode = GridMode::Mass;
    bool sinksHidden = false;
    bool paused = false;
    engine::StreamPosition position = 0; // while paused
    QList<engine::StreamPosition> pins;
    static ViewChoices of(const InspectorState& state);
};
QString changeWords(const ViewChoices& before, const InspectorState& state);

/// "Paused at token 2,201. Sink share 62.0 %, mean of 270 heads. 1,178 tokens forgotten."
QString momentWords(const InspectorState& state);

} // namespace ui
