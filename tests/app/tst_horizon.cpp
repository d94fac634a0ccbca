#include "app/controller/chat_title.h"
#include "app/controller/history.h"
#include "app/controller/horizon.h"

#include <QTest>

using namespace app;
using namespace Qt::StringLiterals;

// The pure parts of the controller: places in texts, titles, what of a chat is given to the engine.
class HorizonTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void offsetsOfMultiByteText();
    void placesInTheTranscript();
    void titles_data();
    void titles();
    void newestMessagesThatMatter();

private:
    static QList<Message> messages(const QStringList& texts) {
        QList<Message> result;
        for (const QString& text : texts) {
            Message message;
            message.id = 10 + result.size();
            message.role = result.size() % 2 == 0 ? Role::User : Role::Assistant;
            message.text = text;
            result.append(message);
        }
        return result;
    }
};

void HorizonTest::offsetsOfMultiByteText() {
    // One, two, three and four bytes; a lone surrogate, which UTF-8 cannot say, is counted as it is
    // converted.
    const QString text = u"aä€😀b"_s + QChar(0xD83D) + u"c"_s;
    for (int units = 0; units <= text.size(); ++units) {
        if (units > 0 && units < text.size() && text[units].isLowSurrogate())
            continue;
        const int bytes = static_cast<int>(text.left(units).toUtf8().size());
        QCOMPARE(utf16Offset(text, bytes), units);
    }
    QCOMPARE(utf16Offset(text, 2), 2); // half of the ä: gone
    QCOMPARE(utf16Offset(text, 8), 5); // half of the 😀: both of its units
    QCOMPARE(utf16Offset(text, 1000), static_cast<int>(text.size()));
    QCOMPARE(utf16Offset(QString(), 5), 0);
}

void HorizonTest::placesInTheTranscript() {
    TranscriptModel transcript;
    transcript.reset(messages({u"ä€ one"_s, u"two"_s, u"three"_s, u"four"_s}));
    const auto place = [&](MessageId message, int byte, MessageId firstRead) {
        const HorizonPlace found = horizonPlace(transcript, {message, byte}, firstRead);
        return std::pair(found.row, found.offset);
    };
    QCOMPARE(place(0, 0, 0), std::pair(-1, 0));
    QCOMPARE(place(10, 5, 0), std::pair(0, 2));
    QCOMPARE(place(10, 0, 0), std::pair(-1, 0)); // nothing is above the first character
    QCOMPARE(place(12, 3, 0), std::pair(2, 3));
    QCOMPARE(place(12, 0, 0), std::pair(2, 0));
    QCOMPARE(place(0, 0, 12), std::pair(2, 0));  // older ones were never read
    QCOMPARE(place(13, 1, 12), std::pair(3, 1)); // and some of those read are gone
    QCOMPARE(place(11, 1, 12), std::pair(2, 0));
    QCOMPARE(place(99, 4, 0), std::pair(-1, 0)); // of another chat
}

void HorizonTest::titles_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("title");
    QTest::newRow("short") << u"Hello"_s << u"Hello"_s;
    QTest::newRow("lines") << u"\n  # Plan\n\n* one\n"_s << u"Plan * one"_s;
    QTest::newRow("long") << u"What is a sumidero, and why is it called like that in Spanish?"_s
                          << u"What is a sumidero, and why is it called like…"_s;
    QTest::newRow("one word") << QString(100, u'x') << QString(47, u'x') + u'…';
    QTest::newRow("emoji") << QString(u"😀"_s).repeated(40) << QString(u"😀"_s).repeated(23) + u'…';
    QTest::newRow("signs only") << u"***\n---"_s << u"New chat"_s;
    QTest::newRow("control") << u"a\u0007b\tc"_s << u"a b c"_s;
}

void HorizonTest::titles() {
    QFETCH(QString, text);
    QFETCH(QString, title);
    QCOMPARE(titleFrom(text), title);
    QVERIFY(titleFrom(text).size() <= 48);
}

void HorizonTest::newestMessagesThatMatter() {
    const QList<Message> all = messages({u"aaaa"_s, u"bbbb"_s, u"ää"_s, u"dddd"_s});
    const History everything = newestMessages(all, 4, 100);
    QCOMPARE(everything.messages.size(), std::size_t(4));
    QCOMPARE(everything.firstRead, 0);
    QVERIFY(everything.messages[1].role == engine::Role::Assistant);
    QCOMPARE(everything.messages[2].text, std::string("ää"));
    const History some = newestMessages(all, 4, 8); // 4 + 4 bytes are enough
    QCOMPARE(some.messages.size(), std::size_t(2));
    QCOMPARE(some.firstRead, 12);
    QCOMPARE(newestMessages(all, 3, 0).messages.size(), std::size_t(1));
    QCOMPARE(newestMessages(all, 3, 0).messages[0].id, 12);
    QVERIFY(newestMessages(all, 0, 100).messages.empty());
}

QTEST_GUILESS_MAIN(HorizonTest)
#include "tst_horizon.moc"
