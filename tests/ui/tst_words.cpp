// The sentences of the status line and its neighbours.
#include "app/chat_controller.h"
#include "ui/parts/tabular.h"
#include "ui/parts/words.h"
#include "ui/theme.h"

#include <QLocale>
#include <QTest>

namespace words = ui::words;
using app::Activity;

class TestWords : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        ui::Theme::loadFonts();
        m_cache.visible = 412;
        m_cache.capacity = 1024;
        m_cache.sinks = 4;
        m_cache.window = 1020;
        m_cache.position = 2334;
        m_cache.forgotten = 1310;
        m_cache.tokensPerSecond = 211.7f;
    }

    void statusWhileAnswering() {
        QCOMPARE(
            words::status(Activity::Answering, m_cache, 0, 0),
            QStringLiteral(
                "212 tokens/s · 412 of 1,024, 4 sinks · position 2,334 · 1,310 forgotten · 0 read again"));
    }
    void statusWhileReading() {
        QCOMPARE(words::status(Activity::Reading, m_cache, 812.0f / 2048, 2048),
                 QStringLiteral("Reading 812 of 2,048 tokens…"));
        QCOMPARE(words::status(Activity::Reading, m_cache, 0, 0), QStringLiteral("Reading…"));
    }
    void statusWhileReadingAhead() {
        QCOMPARE(words::preparing(0.404f), QStringLiteral("Reading this chat… 40 %"));
    }
    void statusOfASlowModelKeepsADecimal() {
        engine::CacheStatus slow = m_cache;
        slow.tokensPerSecond = 3.44f;
        QVERIFY(words::status(Activity::Idle, slow, 0, 0).startsWith(QStringLiteral("3.4 tokens/s")));
    }
    void statusBeforeAnythingWasRead() {
        QCOMPARE(words::status(Activity::Idle, {}, 0, 0), QString());
        QCOMPARE(words::cacheFill({}), QString());
    }
    void cacheInWords() {
        QCOMPARE(words::cacheFill(m_cache), QStringLiteral("412 of 1,024"));
        QVERIFY(words::cacheSentence(m_cache).contains(
            QStringLiteral("412 of at most 1,024 tokens, 4 of them always")));
    }
    void memoryChip() {
        app::Settings settings;
        QCOMPARE(words::memoryChip(settings, m_cache), QStringLiteral("4 sinks + 1,020"));
        QCOMPARE(words::memoryChip(settings, {}), QStringLiteral("4 sinks"));
        settings.cache.mode = engine::CacheMode::Window;
        QCOMPARE(words::memoryChip(settings, m_cache), QStringLiteral("Window 1,020"));
        settings.cache.mode = engine::CacheMode::Dense;
        QCOMPARE(words::memoryChip(settings, m_cache), QStringLiteral("Keeps everything"));
    }
    void sizesAndModels() {
        QCOMPARE(words::bytes(98362432), QStringLiteral("98 MB"));
        QCOMPARE(words::bytes(4200000000), QStringLiteral("4.2 GB"));
        app::ModelState model;
        model.info.quantisation = "Q4_1";
        model.info.device = "CPU, 2 threads";
        model.info.weightBytes = 132000000;
        QCOMPARE(words::modelDetails(model), QStringLiteral("Q4_1 · CPU, 2 threads · 132 MB"));
    }
    void costs() {
        QCOMPARE(words::rereadSentence({}), QStringLiteral("Nothing has to be read again."));
        QCOMPARE(words::rereadSentence({2048, false}),
                 QStringLiteral("2,048 tokens of this chat will be read again."));
        QCOMPARE(words::rereadSentence({2048, true}),
                 QStringLiteral("About 2,048 tokens of this chat will be read again."));
    }

    void digitsAreTabular() {
        const QFont font = ui::Theme::current().label;
        QCOMPARE(ui::tabularWidth(font, QStringLiteral("1,111 of 1,024")),
                 ui::tabularWidth(font, QStringLiteral("8,888 of 1,024")));
        QVERIFY(ui::tabularWidth(font, QStringLiteral("88")) > ui::tabularWidth(font, QStringLiteral("8")));
    }

private:
    engine::CacheStatus m_cache;
};

QTEST_MAIN(TestWords)
#include "tst_words.moc"
