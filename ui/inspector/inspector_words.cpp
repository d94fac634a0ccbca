#include "ui/inspector/inspector_words.h"

#include "app/chat_controller.h"
#include "app/numbers.h"
#include "ui/inspector/painted_view.h"
#include "ui/inspector/scope.h"

#include <QCoreApplication>

#include <algorithm>

namespace ui {

namespace {

constexpr int Burst = 16;        // so many tokens at once are worth a sentence
constexpr int BurstIsNews = 128; // tokens

QString tr(const char* text) {
    return QCoreApplication::translate("ui::InspectorWords", text);
}

QString freeWords(const app::InspectorSnapshot& now, const engine::CacheStatus& cache) {
    const QString free = number(std::max(0, cache.capacity - cache.visible));
    return now.forgotten > 0 ? tr("%1 free slots, %2").arg(free, forgottenWords(now))
                             : tr("%1 free slots, nothing forgotten").arg(free);
}

/// The newest burst that is still news.
const app::Eviction* burstOf(const InspectorState& state) {
    const auto& evictions = state.feed().history().evictions();
    for (auto it = evictions.rbegin(); it != evictions.rend(); ++it) {
        if (it->at < state.shot().position - BurstIsNews)
            break;
        if (it->atOnce && it->count >= Burst)
            return &*it;
    }
    return nullptr;
}

StateWords pausedWords(const InspectorState& state) {
    const auto& now = state.shot();
    const app::InspectorHistory& history = state.feed().history();
    const QString token = number(now.position);
    if (history.begin() > history.ringStart() && now.position <= history.begin())
        return {ViewState::HistoryStart,
                tr("Token %1: the history starts here; older ones are not remembered.").arg(token)};
    if (!now.hasAttention)
        return {ViewState::NotRecorded,
                tr("Token %1: nobody was looking, so its attention is not known.").arg(token)};
    const qint64 newer = state.newerTokens();
    return {ViewState::Paused, newer > 0 ? tr("Paused at token %1; %2 newer.").arg(token, number(newer))
                                         : tr("Paused at token %1.").arg(token)};
}

/// States before there is anything to look at.
std::optional<StateWords> beginningWords(const InspectorState& state, const InspectorFacts& facts) {
    const auto& now = state.shot();
    if (facts.model == app::ModelState::Phase::None || facts.model == app::ModelState::Phase::Failed)
        return StateWords{ViewState::NoModel,
                          tr("No model is loaded. Choose one, and its cache appears here.")};
    if (facts.activity == app::Activity::Reading && facts.readingTotal > 0)
        return StateWords{
            ViewState::Reading,
            tr("Reading %1 of %2 tokens; attention is looked at now and then only.")
                .arg(number(qRound(facts.readingProgress * static_cast<float>(facts.readingTotal))),
                     number(facts.readingTotal))};
    if (!now.hasLayout && facts.changedChat)
        return StateWords{ViewState::Empty, tr("The chat has changed: its cache is built anew.")};
    if (!now.hasLayout)
        return StateWords{
            ViewState::Empty,
            facts.cache.capacity > 0
                ? tr("Send a message; 0 of %1 slots are filled.").arg(number(facts.cache.capacity))
                : tr("Send a message, and the cache fills.")};
    return std::nullopt;
}

/// What is particular about this cache or this look at it, in the order of what matters most.
std::optional<StateWords> particularWords(const InspectorState& state, const InspectorFacts& facts) {
    const auto& now = state.shot();
    if (const auto lost = state.feed().history().lostEvents(); lost > 0)
        return StateWords{
            ViewState::Gap,
            tr("%1 events were lost; what is hatched is not known.").arg(number(static_cast<qint64>(lost)))};
    if (facts.wanted.level > engine::CaptureLevel::Map && facts.cache.captureCost >= 0 &&
        facts.cache.captureLevel < facts.wanted.level && now.hasAttention)
        return StateWords{ViewState::Lowered,
                          tr("Looking less closely, because it cost more than 3 % of speed.")};
    if (now.sinkCount > 0 && now.position < now.sinkCount)
        return StateWords{ViewState::Instructions,
                          tr("Only the instructions are in the cache: %1 tokens, all sinks.")
                              .arg(number(now.position + 1))};
    if (!now.hasAttention)
        return StateWords{ViewState::MapOnly, tr("Cache map only: attention was not looked at.")};
    if (state.scope().layer >= 0 && now.rowLayer != state.scope().layer)
        return StateWords{
            ViewState::RowsMissing,
            tr("The rows of layer %1 are recorded from the next token on.").arg(state.scope().layer)};
    if (facts.mode == engine::CacheMode::Dense)
        return StateWords{
            ViewState::Dense,
            facts.trainedLength > now.position
                ? tr("Nothing is forgotten in this mode; the trained length of %1 ends in %2 tokens.")
                      .arg(number(facts.trainedLength), number(facts.trainedLength - now.position - 1))
                : tr("Nothing is forgotten in this mode; the trained length of %1 is over.")
                      .arg(number(facts.trainedLength))};
    if (now.sinkCount > 0 && tooFewTokens(now))
        return StateWords{ViewState::FewTokens,
                          tr("Too few tokens: sinks get 100 % by construction until more than %1 are there.")
                              .arg(now.sinkCount)};
    if (now.sinkCount == 0)
        return StateWords{ViewState::NoSinks, tr("No pinned sinks: only the newest tokens are kept.")};
    if (const app::Eviction* burst = burstOf(state))
        return StateWords{ViewState::Burst,
                          tr("%1 tokens were forgotten at once, to make room.").arg(number(burst->count))};
    return std::nullopt;
}

} // namespace

QString forgottenWords(const app::InspectorSnapshot& now) {
    return (now.forgottenIsAbout ? tr("about %1 forgotten") : tr("%1 forgotten")).arg(number(now.forgotten));
}

QString noHeadsWords(const InspectorState& state) {
    if (!state.shot().hasLayout)
        return tr("The heads appear when the model writes.");
    return state.paused()
               ? tr("Nobody was looking at this token, so its heads are not known.")
               : tr("Nobody was looking when this was written. The heads appear with the next answer.");
}

StateWords stateWords(const InspectorState& state, const InspectorFacts& facts) {
    if (state.paused() && state.shot().hasLayout)
        return pausedWords(state);
    if (const auto words = beginningWords(state, facts))
        return *words;
    if (const auto words = particularWords(state, facts))
        return *words;
    const auto& now = state.shot();
    const bool rolling = now.oldest > now.ringStart;
    StateWords words;
    words.state = rolling ? ViewState::Rolling : ViewState::Warm;
    const engine::CacheStatus& cache = state.feed().status();
    words.sentence = rolling ? tr("%1 in view, %2").arg(number(cache.visible), forgottenWords(now))
                             : freeWords(now, cache);
    words.sentence +=
        facts.activity == app::Activity::Idle && facts.newest.isValid()
            ? tr(" · at rest since %1").arg(facts.newest.time().toString(QStringLiteral("HH:mm")))
            : QStringLiteral(".");
    return words;
}

QString momentWords(const InspectorState& state) {
    const auto& now = state.shot();
    QString text = tr("Token %1.").arg(number(now.position));
    if (now.hasAttention)
        text += tr(" Sink share %1, %2.")
                    .arg(percent(scopedShares(now, state.scope()).sinks),
                         scopeName(now, state.scope(), state.aggregate()));
    return text + (now.forgottenIsAbout ? tr(" About %1 tokens forgotten.") : tr(" %1 tokens forgotten."))
                      .arg(number(now.forgotten));
}

ViewChoices ViewChoices::of(const InspectorState& state) {
    return {state.scope(),    state.aggregate(),   state.headValue(), state.scale(),         state.order(),
            state.gridMode(), state.sinksHidden(), state.paused(),    state.shot().position, state.pins()};
}

QString changeWords(const ViewChoices& before, const InspectorState& state) {
    const auto& now = state.shot();
    if (before.scope != state.scope() || before.aggregate != state.aggregate())
        return tr("Shown: %1.").arg(scopeName(now, state.scope(), state.aggregate()));
    if (before.scale != state.scale())
        return state.scale() == HeatScale::Log ? tr("Logarithmic scale, from a millionth to all.")
               : state.scale() == HeatScale::Linear
                   ? tr("Linear scale, from nothing to all.")
                   : tr("Against an even share: the middle is what every token would get.");
    if (before.order != state.order())
        return state.order() == SlotOrder::Physical ? tr("By slot: a token stays where it is.")
                                                    : tr("By age: the oldest token in view first.");
    if (before.mode != state.gridMode())
        return tr("The window shows: %1.").arg(modeName(state.gridMode()).toLower());
    if (before.value != state.headValue())
        return tr("The head map shows: %1.").arg(headValueName(state.headValue()));
    if (before.sinksHidden != state.sinksHidden())
        return state.sinksHidden() ? tr("Sinks hidden: everything else is shown × %1.")
                                         .arg(app::numberLocale().toString(
                                             static_cast<double>(withoutSinks(now, state.scope())), 'f', 2))
                                   : tr("Sinks shown.");
    if (before.pins != state.pins())
        return state.pins().size() > before.pins.size() ||
                       (!state.pins().isEmpty() && state.pins().size() == before.pins.size())
                   ? tr("Pinned token %1; %2 of 3 pins.")
                         .arg(number(state.pins().last()))
                         .arg(state.pins().size())
                   : tr("Unpinned; %1 of 3 pins.").arg(state.pins().size());
    if (before.paused && !state.paused())
        return tr("Live again.");
    if (!before.paused && state.paused())
        return tr("Paused.") + QLatin1Char(' ') + momentWords(state);
    if (state.paused() && before.position != now.position)
        return momentWords(state);
    return {};
}

} // namespace ui
