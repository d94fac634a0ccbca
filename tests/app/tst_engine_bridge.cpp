#include "app/chat_controller.h"
#include "app/engine_bridge.h"
#include "app/inspector_feed.h"
#include "tests/app/store_support.h"
#include "tests/support/patience.h"
#include "tests/support/toy_model.h"

#include <QSignalSpy>
#include <QTest>
#include <QTimer>

#include <algorithm>

using namespace app;
using namespace Qt::StringLiterals;

// The bridge over a real engine thread with a small model of random weights.
class EngineBridgeTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void textComesInOrder();
    void stoppingEndsTheAnswer();
    void aBadFileKeepsTheModel();
    void nothingRunsWhenNothingHappens();
    void endsInTheMiddleOfAnAnswer();
    void aWholeChatThatOutgrowsItsWindow();

private:
    static bool load(EngineBridge& bridge, const QString& path) {
        QSignalSpy loaded(&bridge, &EnginePort::modelLoaded), failed(&bridge, &EnginePort::failed);
        bridge.load(path, {});
        return QTest::qWaitFor([&] { return !loaded.isEmpty() || !failed.isEmpty(); }, test::PatienceMs) &&
               !loaded.isEmpty();
    }
    static engine::ChatRequest question(const std::string& text, int maxTokens) {
        engine::ChatRequest request;
        request.chatId = 1;
        request.answerId = 2;
        request.history.push_back({1, engine::Role::User, text});
        request.sampling.seed = 7;
        request.maxTokens = maxTokens;
        return request;
    }

    QString m_model;
};

void EngineBridgeTest::initTestCase() {
    m_model = QString::fromStdString(test::writeToyModel({}).string());
    QVERIFY(QFile::exists(m_model));
}

void EngineBridgeTest::textComesInOrder() {
    EngineBridge bridge;
    QSignalSpy progress(&bridge, &EnginePort::loadProgress);
    QVERIFY(load(bridge, m_model));
    QString text;
    int tokens = 0;
    bool over = false, textAfterTheEnd = false;
    engine::GenerationResult result;
    engine::CacheStatus last;
    connect(&bridge, &EnginePort::textGenerated, this,
            [&](engine::RequestId, const QString& more, int count, const engine::CacheStatus& status) {
                text += more;
                tokens += count;
                last = status;
                textAfterTheEnd = textAfterTheEnd || over;
            });
    connect(&bridge, &EnginePort::finished, this,
            [&](engine::RequestId, const engine::GenerationResult& r, const engine::CacheStatus&) {
                over = true;
                result = r;
            });
    bridge.chat(question("How much is it?", 40));
    QTRY_VERIFY(over);
    QVERIFY(!textAfterTheEnd);
    QVERIFY(result.generatedTokens > 0);
    QVERIFY(tokens <= result.generatedTokens);
    QVERIFY(tokens >= result.generatedTokens - 1); // the one that ended the turn has no text
    QVERIFY(last.position > 0);
    // The same seed says the same.
    const QString first = std::exchange(text, {});
    over = false;
    engine::ChatRequest again = question("How much is it?", 40);
    again.chatId = 3;
    bridge.chat(again);
    QTRY_VERIFY(over);
    QCOMPARE(text, first);
}

void EngineBridgeTest::stoppingEndsTheAnswer() {
    EngineBridge bridge;
    QVERIFY(load(bridge, m_model));
    QSignalSpy finished(&bridge, &EnginePort::finished);
    bool stopped = false;
    engine::Reply reply;
    connect(&bridge, &EnginePort::textGenerated, this, [&](engine::RequestId id) {
        QCOMPARE(id, reply.id());
        stopped = true;
        reply.stop();
    });
    engine::StopReason reason = engine::StopReason::EndOfTurn;
    connect(&bridge, &EnginePort::finished, this,
            [&](engine::RequestId, const engine::GenerationResult& result) { reason = result.reason; });
    // A model of random weights ends its turn when it likes: try until one lasts long enough to be stopped.
    for (std::uint64_t seed = 1; seed < 20 && !stopped; ++seed) {
        engine::ChatRequest request = question("Go on for ever", 0);
        request.sampling.seed = seed;
        const auto before = finished.count();
        reply = bridge.chat(request);
        QTRY_COMPARE(finished.count(), before + 1);
    }
    QVERIFY(stopped);
    QVERIFY(reason == engine::StopReason::Cancelled || reason == engine::StopReason::EndOfTurn);
    // Asked to stop before it began: it never begins.
    const auto before = finished.count();
    bridge.chat(question("Never", 0)).stop();
    QTRY_COMPARE(finished.count(), before + 1);
    QVERIFY(reason == engine::StopReason::Cancelled);
}

void EngineBridgeTest::aBadFileKeepsTheModel() {
    EngineBridge bridge;
    QVERIFY(load(bridge, m_model));
    QString sentence;
    connect(&bridge, &EnginePort::failed, this,
            [&](engine::RequestId, const QString& text) { sentence = text; });
    bridge.load(u"/no/such/model.gguf"_s, {});
    QTRY_VERIFY(!sentence.isEmpty());
    QVERIFY2(sentence.contains(u"model.gguf"_s), qPrintable(sentence));
    QSignalSpy finished(&bridge, &EnginePort::finished);
    bridge.chat(question("Still there?", 3));
    QTRY_COMPARE(finished.count(), 1);
}

void EngineBridgeTest::nothingRunsWhenNothingHappens() {
    EngineBridge bridge;
    const auto timers = bridge.findChildren<QTimer*>();
    QVERIFY(!timers.isEmpty());
    const auto quiet = [&] {
        return std::none_of(timers.begin(), timers.end(),
                            [](const QTimer* timer) { return timer->isActive(); });
    };
    QVERIFY(quiet());
    QVERIFY(load(bridge, m_model));
    QSignalSpy finished(&bridge, &EnginePort::finished);
    bridge.chat(question("Hello", 20));
    QTRY_COMPARE(finished.count(), 1);
    QTRY_VERIFY(quiet());
    QTest::qWait(60);
    QVERIFY(quiet());
}

void EngineBridgeTest::endsInTheMiddleOfAnAnswer() {
    for (int i = 0; i < 5; ++i) {
        EngineBridge bridge;
        QVERIFY(load(bridge, m_model));
        bridge.chat(question("Go on for ever", 0));
        QTest::qWait(3 * i);
    }
}

void EngineBridgeTest::aWholeChatThatOutgrowsItsWindow() {
    const test::StoreFolder folder;
    qputenv("XDG_DATA_HOME", folder.folder().toLocal8Bit());
    EngineBridge bridge;
    TranscriptStore store;
    ModelLibrary library;
    ChatController controller(bridge, store, library);
    const InspectorFeed feed(bridge);
    QStringList notices;
    connect(&controller, &ChatController::notice, this, [&](const QString& text) { notices.append(text); });
    controller.setStartupModel(m_model);
    store.open(folder.path());
    controller.start();
    QTRY_VERIFY(controller.modelState().phase == ModelState::Phase::Ready);
    Settings settings = controller.settings();
    settings.cache.window = 48;
    controller.applySettings(settings);
    QSignalSpy stored(&controller, &ChatController::answerStored);
    std::int64_t readAgain = -1;
    for (int i = 0; i < 6; ++i) {
        QVERIFY(controller.send(u"Frage %1: wie groß ist die Brücke über den Fluß? 🌉"_s.arg(i)));
        // Random weights may talk for ever.
        const auto grown = [&] {
            const TranscriptModel& shown = controller.transcript();
            return shown.count() == 2 * i + 2 && shown.at(2 * i + 1).text.size() > 100;
        };
        QTRY_VERIFY(stored.count() == i + 1 || grown());
        controller.stop();
        QTRY_COMPARE(stored.count(), i + 1);
        if (i == 0)
            readAgain = controller.cacheStatus().readAgain; // the system block, for the other window
    }
    QCOMPARE(notices, QStringList());
    const TranscriptModel& transcript = controller.transcript();
    QCOMPARE(transcript.count(), 12);
    QVERIFY(controller.cacheStatus().forgotten > 0);
    QVERIFY(transcript.horizonRow() > 0);
    QVERIFY(transcript.horizonOffset() <= transcript.at(transcript.horizonRow()).text.size());
    QCOMPARE(transcript.forgottenTokens(), controller.cacheStatus().forgotten);
    QCOMPARE(controller.cacheStatus().readAgain, readAgain); // the window rolled and nothing was read twice
    // The Inspector and the status line count alike, and as its journal tells: a window of tokens, without the next one's own.
    const InspectorHistory& past = feed.history();
    QCOMPARE(feed.status().visible, controller.cacheStatus().visible);
    QCOMPARE(std::int64_t{feed.status().visible},
             static_cast<std::int64_t>(past.sinks().size()) +
                 std::min<std::int64_t>(feed.status().window, past.next() - past.oldest()));
    QTRY_COMPARE(feed.live().forgotten, controller.cacheStatus().forgotten);
    QList<Message> branch;
    bool read = false;
    store.run(
        this, [chat = controller.currentChat()](Database& database) { return database.branch(chat); },
        [&](const QList<Message>& messages) {
            branch = messages;
            read = true;
        });
    QTRY_VERIFY(read);
    QCOMPARE(branch.size(), transcript.count());
    for (int row = 0; row < transcript.count(); ++row)
        QCOMPARE(branch[row].text, transcript.at(row).text);
}

QTEST_GUILESS_MAIN(EngineBridgeTest)
#include "tst_engine_bridge.moc"
