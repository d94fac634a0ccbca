#pragma once
#include "app/chat_controller.h"
#include "inspector_support.h"
#include "tests/support/patience.h"
#include "ui/inspector/inspector_pane.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <cmath>

namespace test {

/// The view of that class that can be seen, or null.
template <class View>
View* seen(QWidget* root) {
    for (View* view : root->findChildren<View*>()) {
        if (view->isVisible())
            return view;
    }
    return nullptr;
}

/// Knows thirty words and says them for any token: texts of the Inspector without a model.
class WordTokenizer : public engine::Tokenizer {
public:
    static const std::array<const char*, 30>& words() {
        static const std::array<const char*, 30> list = {
            "<|im_start|>", "system", "\n",       " You",   " are",  " the",    " keeper", " of",
            " a",           " small", " harbour", ".",      " In",   " winter", ",",       " boats",
            " rest",        " and",   " men",     " mend",  " nets", " while",  " snow",   " falls",
            " on",          " quiet", " water",   " ferry", " bell", " night"};
        return list;
    }
    std::vector<engine::TokenId> encode(std::span<const engine::TextPart>) const override { return {}; }
    std::string_view bytes(engine::TokenId token) const override { return word(token); }
    std::string displayText(engine::TokenId token) const override { return word(token); }
    int vocabularySize() const override { return static_cast<int>(words().size()); }
    std::optional<engine::TokenId> beginToken() const override { return std::nullopt; }
    bool addsBeginToken() const override { return false; }
    bool addsSpacePrefix() const override { return false; }
    bool endsTurn(engine::TokenId) const override { return false; }
    bool isControl(engine::TokenId) const override { return false; }
    std::optional<engine::TokenId> findSpecial(std::string_view) const override { return std::nullopt; }

private:
    static const char* word(engine::TokenId token) {
        return words()[static_cast<std::size_t>(token) % words().size()];
    }
};

/// `count` tokens with their scalars, a turn every 50, the same ones every time.
inline void tellStory(ShowEngine& engine, int count) {
    for (int i = 0; i < count; ++i) {
        const auto position = engine.next;
        engine::TokenSource source;
        source.role = position < engine.sinks  ? engine::Role::System
                      : position / 50 % 2 == 0 ? engine::Role::User
                                               : engine::Role::Assistant;
        if (position > 0 && position % 50 == 0) {
            engine::JournalEvent turn;
            turn.type = engine::JournalEvent::Type::Turn;
            turn.position = position;
            engine.journal()->push(turn);
        }
        engine.token(static_cast<engine::TokenId>(position < 5 ? position : 5 + position * 7 % 25), source);
        engine::JournalEvent scalars;
        scalars.type = engine::JournalEvent::Type::Scalars;
        scalars.position = position;
        scalars.values[0] = 0.3f + 0.05f * std::sin(static_cast<float>(position) * 0.21f);
        scalars.values[1] = 0.12f;
        scalars.values[2] = 0.55f + 0.05f * std::cos(static_cast<float>(position) * 0.13f);
        scalars.values[3] = 1.5f;
        engine.journal()->push(scalars);
    }
}

/// Attention by a formula: a third on the first token, more on what is near, later layers more on sinks.
/// Slot weights and every layer's rows sum to 1. `rowLayer` < 0: no rows.
inline void lookAround(ShowEngine& engine, int rowLayer = -1) {
    engine::AttentionFrame& frame = engine.frame();
    std::vector<float>& mass = frame.slotMass;
    float rest = 0;
    for (const auto position : engine.visible) {
        const auto back = static_cast<float>(engine.next - 1 - position);
        const float weight = 1.0f / (2.0f + back) * (1.0f + 0.9f * std::sin(static_cast<float>(position)));
        mass[static_cast<std::size_t>(engine.slotOf(position))] = weight;
        rest += weight;
    }
    const float onSinks = frame.sinkCount > 0 ? (engine.visible.empty() ? 1.0f : 0.3f) : 0.0f;
    for (float& weight : mass)
        weight *= rest > 0 ? (1 - onSinks) / rest : 0;
    for (int sink = 0; sink < frame.sinkCount; ++sink)
        mass[static_cast<std::size_t>(sink)] =
            sink == 0 ? onSinks * (frame.sinkCount > 1 ? 0.97f : 1.0f)
                      : onSinks * 0.03f / static_cast<float>(frame.sinkCount - 1);
    for (int layer = 0; layer < engine.layers; ++layer) {
        for (int head = 0; head < engine.heads; ++head) {
            auto& stats = frame.headStats[static_cast<std::size_t>(layer * engine.heads + head)];
            const float late = static_cast<float>(layer + 1) / static_cast<float>(engine.layers);
            stats.sinks =
                frame.sinkCount > 0
                    ? late * (0.3f + 0.6f * static_cast<float>(head) / static_cast<float>(engine.heads))
                    : 0;
            stats.slot0 = stats.sinks * 0.97f;
            stats.recent = (1 - stats.sinks) * 0.6f;
            stats.effectiveKeys = 4 + 40 * (1 - late);
            stats.outputNorm = layer == 0 && head == 0 ? 0.01f : 1.0f;
        }
    }
    if (rowLayer >= 0) {
        frame.level = engine::CaptureLevel::Rows;
        frame.rowLayer = rowLayer;
        for (int head = 0; head < engine.heads; ++head) // head h: as the mean, its newest token h + 1 times
            frame.rows.insert(frame.rows.end(), mass.begin(), mass.end());
        for (int head = 0; head < engine.heads; ++head)
            frame.rows[static_cast<std::size_t>(head) * mass.size() +
                       static_cast<std::size_t>(engine.slotOf(engine.next - 1))] *=
                static_cast<float>(head + 1);
    }
    engine.publish();
}

/// A store in a folder of its own, an engine that only shows, and the pane on top of them.
class InspectorWorld {
public:
    InspectorWorld(int sinks, int window, int layers, int heads, bool withModel = true)
        : engine(sinks, window, layers, heads) {
        qputenv("XDG_DATA_HOME", m_folder.path().toUtf8());
        qputenv("HOME", m_folder.path().toUtf8());
        store.open(m_folder.filePath(QStringLiteral("transcripts.db")));
        controller = std::make_unique<app::ChatController>(engine, store, library);
        if (withModel)
            controller->setStartupModel(QStringLiteral("/models/toy.gguf"));
        QSignalSpy started(controller.get(), &app::ChatController::started);
        controller->start();
        if (started.isEmpty())
            started.wait(test::PatienceMs);
        pane = std::make_unique<ui::InspectorPane>(*controller);
        if (withModel) {
            engine::ModelInfo info;
            info.path = "/models/toy.gguf";
            info.name = "Toy";
            info.trainedLength = 2048;
            info.tokenizer = std::make_shared<WordTokenizer>();
            Q_EMIT engine.modelLoaded(1, info);
        }
        if (withModel)
            engine.reset();
        pane->resize(372, 800);
        pane->show();
        (void)QTest::qWaitForWindowExposed(pane.get(), test::PatienceMs);
        pane->activateWindow();
    }
    ~InspectorWorld() {
        pane.reset();
        controller.reset();
    }

    ui::InspectorState& state() { return pane->state(); }
    app::InspectorFeed& feed() { return pane->state().feed(); }
    /// Tokens come, and the newest one is looked at as the pane wants it.
    void tokens(int count, bool look = true) {
        tellStory(engine, count);
        if (look)
            lookAround(engine, state().scope().layer);
        engine.show(feed());
    }

    ShowEngine engine;
    app::TranscriptStore store;
    app::ModelLibrary library;
    std::unique_ptr<app::ChatController> controller;
    std::unique_ptr<ui::InspectorPane> pane;

private:
    QTemporaryDir m_folder;
};

} // namespace test
