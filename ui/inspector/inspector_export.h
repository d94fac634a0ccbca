#pragma once
#include "app/settings.h"
#include "ui/inspector/inspector_state.h"

#include <QByteArray>
#include <QString>

class QWidget;

namespace ui {

/// What an exported file says about itself.
struct ExportContext {
    engine::ModelInfo model;
    app::Settings settings;
    QString scope;
};

/// By the ending of `path`: .png (twice the size, with a caption), .svg (axes and text as vectors), .csv
/// (tidy), .json (everything of the moment). Atomic. Returns a sentence when it failed.
QString exportInspector(const QString& path, QWidget& view, const InspectorState& state,
                        const ExportContext& context);

/// Tidy: t,layer,head,slot,stream_pos,token,weight; layer and head are "mean" unless rows of a layer were
/// captured.
QByteArray inspectorCsv(const InspectorState& state);
QByteArray inspectorJson(const InspectorState& state, const ExportContext& context);
QString exportCaption(const InspectorState& state, const ExportContext& context);

} // namespace ui
