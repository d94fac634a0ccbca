#include "app/settings.h"

#include <QTest>

using namespace app;
using namespace Qt::StringLiterals;

class TestSettings : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void roundTrip();
    void defaultsAreWrittenInFull();
    void badValuesLeaveTheDefault_data();
    void badValuesLeaveTheDefault();
    void oneBadValueLeavesTheOthers();
};

void TestSettings::roundTrip() {
    Settings settings;
    settings.modelPath = u"/models/ä b.gguf"_s;
    settings.modelFolders = {u"/one"_s, u"/two\nlines, and \"quotes\""_s};
    settings.cache = {engine::CacheMode::Dense, 17, 1020, kernels::KvType::Q8_0};
    settings.sampling = {0.1f, 3, 0.3f, 0.7f, 1.234567f, 99, 18446744073709551615ull};
    settings.longestAnswer = 300;
    settings.stopWords = {u"\nUser:"_s, u" END"_s};
    settings.systemPrompt = u"Be brief.\nAlways."_s;
    settings.chatFormat = u"chatml"_s;
    settings.threads = 5;
    settings.device = u"vulkan:1"_s;
    settings.theme = Theme::Dark;
    settings.language = u"es"_s;
    settings.inspectorVisible = true;
    settings.offerAnswered = true;
    settings.exportFolder = u"/home/somebody/chats"_s;
    QCOMPARE(Settings::fromMap(settings.toMap()), settings);
}

void TestSettings::defaultsAreWrittenInFull() {
    QCOMPARE(Settings::fromMap({}), Settings());
    QCOMPARE(Settings::fromMap(Settings().toMap()), Settings());
    // A value that goes back to its default has to be stored again, so no key may be left out.
    Settings other;
    other.theme = Theme::Light;
    other.modelFolders = {u"/x"_s};
    other.inspectorVisible = true;
    QCOMPARE(Settings().toMap().keys(), other.toMap().keys());
}

void TestSettings::badValuesLeaveTheDefault_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    const QMap<QString, QStringList> bad{
        {u"model.threads"_s, {u"-1"_s, u"many"_s, u""_s, u"99999999999999999999"_s, u"4.5"_s}},
        {u"model.folders"_s, {u"not json"_s, u"{}"_s, u"7"_s}},
        {u"cache.mode"_s, {u"recompute"_s, u"Streaming"_s, u"2"_s, u""_s}},
        {u"cache.sinks"_s, {u"-4"_s, u"1e3"_s, u"2147483647"_s, u"2147483648"_s}},
        {u"cache.window"_s, {u"-1"_s, u"nan"_s}},
        {u"cache.ring"_s, {u"q4_0"_s, u"F16"_s}},
        {u"sampling.temperature"_s, {u"nan"_s, u"inf"_s, u"-inf"_s, u"-0.1"_s, u"1e30"_s, u"0,7"_s}},
        {u"sampling.top_p"_s, {u"1.5"_s, u"-1"_s}},
        {u"sampling.repetition_penalty"_s, {u"0"_s, u"-1"_s, u"nan"_s}},
        {u"answer.longest"_s, {u"-1"_s, u"2147483648"_s, u"long"_s}},
        {u"answer.stop_words"_s, {u"END"_s, u"{\"a\":1}"_s}},
        {u"sampling.seed"_s, {u"-1"_s, u"18446744073709551616"_s}},
        {u"look.theme"_s, {u"pink"_s, u"DARK"_s}},
        {u"inspector.visible"_s, {u"true"_s, u"1"_s, u""_s}},
        {u"unknown.key"_s, {u"x"_s}},
    };
    for (auto key = bad.begin(); key != bad.end(); ++key) {
        for (const QString& value : *key)
            QTest::newRow(qPrintable(key.key() + u" = "_s + value)) << key.key() << value;
    }
}

void TestSettings::badValuesLeaveTheDefault() {
    QFETCH(QString, key);
    QFETCH(QString, value);
    QCOMPARE(Settings::fromMap({{key, value}}), Settings());
}

void TestSettings::oneBadValueLeavesTheOthers() {
    const Settings settings = Settings::fromMap({{u"look.theme"_s, u"dark"_s},
                                                 {u"cache.sinks"_s, u"lots"_s},
                                                 {u"cache.window"_s, u"508"_s},
                                                 {u"model.folders"_s, u"[\"/a\", 7, \"\", \"/b\"]"_s}});
    QCOMPARE(settings.theme, Theme::Dark);
    QCOMPARE(settings.cache.sinks, Settings().cache.sinks);
    QCOMPARE(settings.cache.window, 508);
    QCOMPARE(settings.modelFolders, (QStringList{u"/a"_s, u"/b"_s}));
}

QTEST_GUILESS_MAIN(TestSettings)
#include "tst_settings.moc"
