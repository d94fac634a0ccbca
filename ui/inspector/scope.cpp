#include "ui/inspector/scope.h"

#include "app/numbers.h"
#include "ui/inspector/painted_view.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace ui {

namespace {
QString tr(const char* text) {
    return QCoreApplication::translate("ui::Scope", text);
}
} // namespace

std::vector<float> scopedMass(const app::InspectorSnapshot& shot, HeadScope scope, bool smooth,
                              Aggregate aggregate) {
    if (scope.layer < 0)
        return smooth && !shot.averageMass.empty() ? shot.averageMass : shot.slotMass;
    const auto slots = static_cast<std::size_t>(shot.sinkSlots + shot.ringSlots);
    if (shot.rowLayer != scope.layer || shot.rows.size() < slots * static_cast<std::size_t>(shot.heads))
        return {};
    std::vector<float> mass(slots, 0.0f);
    const int first = scope.head < 0 ? 0 : scope.head, last = scope.head < 0 ? shot.heads - 1 : scope.head;
    for (int head = first; head <= last; ++head) {
        const float* row = shot.rows.data() + static_cast<std::size_t>(head) * slots;
        for (std::size_t slot = 0; slot < slots; ++slot)
            mass[slot] = aggregate == Aggregate::Max
                             ? std::max(mass[slot], row[slot])
                             : mass[slot] + row[slot] / static_cast<float>(last - first + 1);
    }
    return mass;
}

QString scopeName(const app::InspectorSnapshot& shot, HeadScope scope, Aggregate aggregate) {
    if (scope.layer < 0)
        return tr("mean of %1 heads").arg(shot.layers * shot.heads);
    if (scope.head < 0 && aggregate == Aggregate::Max)
        return tr("layer %1, largest of %2 heads").arg(scope.layer).arg(shot.heads);
    if (scope.head < 0)
        return tr("layer %1, mean of %2 heads").arg(scope.layer).arg(shot.heads);
    return tr("layer %1, head %2").arg(scope.layer).arg(scope.head);
}

float withoutSinks(const app::InspectorSnapshot& shot, HeadScope scope) {
    const double sinks = scopedShares(shot, scope).sinks;
    return sinks < 1 ? static_cast<float>(1 / (1 - sinks)) : 1.0f;
}

bool tooFewTokens(const app::InspectorSnapshot& shot) {
    constexpr int Few = 16;
    return shot.hasLayout && shot.keys() <= std::max(Few, shot.sinkCount + 4);
}

QString scaleName(HeatScale scale) {
    switch (scale) {
    case HeatScale::Log:
        return tr("Log");
    case HeatScale::Linear:
        return tr("Linear");
    case HeatScale::Lift:
        return tr("Lift");
    }
    return {};
}

QString orderName(SlotOrder order) {
    return order == SlotOrder::Physical ? tr("By slot") : tr("By age");
}

QString modeName(GridMode mode) {
    switch (mode) {
    case GridMode::Mass:
        return tr("Attention");
    case GridMode::Age:
        return tr("Age");
    case GridMode::Role:
        return tr("Who wrote it");
    case GridMode::Received:
        return tr("Received so far");
    }
    return {};
}

QString aggregateName(Aggregate aggregate) {
    return aggregate == Aggregate::Mean ? tr("Mean") : tr("Largest");
}

float headNumber(const app::InspectorSnapshot& shot, int layer, int head, HeadValue value) {
    const auto index = static_cast<std::size_t>(layer * shot.heads + head);
    if (index >= shot.headStats.size())
        return -1;
    const kernels::HeadStats& stats = shot.headStats[index];
    switch (value) {
    case HeadValue::SinkShare:
        return stats.sinks;
    case HeadValue::FirstToken:
        return stats.slot0;
    case HeadValue::Recent:
        return stats.recent;
    case HeadValue::Middle:
        return std::max(0.0f, 1.0f - stats.sinks - stats.recent);
    case HeadValue::EffectiveKeys:
        return stats.effectiveKeys;
    case HeadValue::OutputNorm:
        return shot.quantised ? -1 : stats.outputNorm;
    case HeadValue::Lift:
        return stats.sinks;
    }
    return -1;
}

QString headValueName(HeadValue value) {
    switch (value) {
    case HeadValue::SinkShare:
        return tr("share on sinks");
    case HeadValue::FirstToken:
        return tr("share on the first token");
    case HeadValue::Recent:
        return tr("share on the newest 64");
    case HeadValue::Middle:
        return tr("share in between");
    case HeadValue::EffectiveKeys:
        return tr("tokens looked at");
    case HeadValue::OutputNorm:
        return tr("size of the output");
    case HeadValue::Lift:
        return tr("sinks against an even share");
    }
    return {};
}

QString headNumberText(float number, HeadValue value) {
    if (number < 0)
        return tr("no data");
    if (value == HeadValue::EffectiveKeys)
        return app::numberLocale().toString(static_cast<double>(number), 'f', 1);
    if (value == HeadValue::OutputNorm)
        return app::numberLocale().toString(static_cast<double>(number), 'f', 2);
    return percent(static_cast<double>(number));
}

Shares scopedShares(const app::InspectorSnapshot& shot, HeadScope scope) {
    Shares sum;
    int count = 0;
    for (int layer = 0; layer < shot.layers; ++layer) {
        if (scope.layer >= 0 && layer != scope.layer)
            continue;
        for (int head = 0; head < shot.heads; ++head) {
            const auto index = static_cast<std::size_t>(layer * shot.heads + head);
            if ((scope.head >= 0 && head != scope.head) || index >= shot.headStats.size())
                continue;
            const auto& stats = shot.headStats[index];
            sum.sinks += stats.sinks;
            sum.recent += stats.recent;
            sum.firstToken += stats.slot0;
            sum.effectiveKeys += stats.effectiveKeys;
            ++count;
        }
    }
    if (count == 0)
        return {};
    for (double* value : {&sum.sinks, &sum.recent, &sum.firstToken, &sum.effectiveKeys})
        *value /= count;
    sum.middle = std::max(0.0, 1.0 - sum.sinks - sum.recent);
    return sum;
}

} // namespace ui
