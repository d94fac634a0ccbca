#pragma once
#include "ui/inspector/inspector_state.h"

#include <vector>

namespace ui {

/// The weights a view speaks of: one number a slot (sinks, then ring), for the scope chosen. Empty: not
/// captured at this moment. All layers: the mean over every head. One layer or head: only while its rows are
/// captured (live); the maximum over heads is one of those.
std::vector<float> scopedMass(const app::InspectorSnapshot& shot, HeadScope scope, bool smooth,
                              Aggregate aggregate = Aggregate::Mean);
/// "mean of 270 heads", "layer 12, mean of 9 heads", "layer 12, largest of 9 heads", "layer 12, head 3".
QString scopeName(const app::InspectorSnapshot& shot, HeadScope scope, Aggregate aggregate = Aggregate::Mean);
/// 1 / (1 - sink share): what everything else is multiplied by while sinks are hidden.
float withoutSinks(const app::InspectorSnapshot& shot, HeadScope scope);
/// The value of one head on the head map; negative: no data.
float headNumber(const app::InspectorSnapshot& shot, int layer, int head, HeadValue value);
QString headValueName(HeadValue value);
QString scaleName(HeatScale scale);
QString orderName(SlotOrder order);
QString modeName(GridMode mode);
QString aggregateName(Aggregate aggregate);
/// Formats a value of the head map for people.
QString headNumberText(float number, HeadValue value);

/// With so few tokens the sinks get nearly everything by construction: what is shown is true, but muted.
bool tooFewTokens(const app::InspectorSnapshot& shot);

struct Shares {
    double sinks = 0, recent = 0, middle = 0, firstToken = 0, effectiveKeys = 0;
};
/// Means over the heads of the scope.
Shares scopedShares(const app::InspectorSnapshot& shot, HeadScope scope);

} // namespace ui
