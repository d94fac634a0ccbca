#pragma once
#include "engine/model_info.h"

#include <QString>

namespace app {

/// What the window knows of the model. Plain data.
struct ModelState {
    /// Ready: a model can be used; `problem` may still say why another one was not loaded. Failed: there is
    /// none, see `problem`.
    enum class Phase { None, Loading, Ready, Failed } phase = Phase::None;
    engine::ModelInfo info; // of the model in use (also while another one is loading); no path: none
    QString loadingName;
    float progress = 0;
    QString deviceProblem; // a sentence: why the model does not run where the settings say; empty: it does
    QString problem;       // why loading failed; the old model, if any, is still in use
};

} // namespace app
