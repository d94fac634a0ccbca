// The page of messages without a widget: virtualisation, anchoring, growth, sizes of what is laid out.
#include "ui/transcript/page.h"

#include <QtTest>

using namespace ui::transcript;
using app::Message;
using app::MessageState;
using app::Role;

namespace {

Message message(int id, const QString& text, MessageState state = MessageState::Done) {
    Message made;
    made.id = id;
    made.role = id % 2 == 1 ? Role::User : Role::Assistant;
    made.state = state;
    made.text = text;
    return made;
}

// Messages of mixed lengths, answers with Markdown.
QList<Message> conversation(int count) {
    QRandomGenerator random(11);
    QList<Message> all;
    for (int id = 1; id <= count; ++id) {
        QString text;
        for (int words = 3 + random.bounded(90); words > 0; --words)
            text += QStringLiteral("word%1 ").arg(random.bounded(1000));
        if (id % 4 == 0)
            text += QStringLiteral(
                "\n\n- one **bold**\n- two\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
        all.append(message(id, text));
    }
    return all;
}

struct Fixture {
    app::TranscriptModel model;
    Page page{ui::Theme::darkTheme()};
    explicit Fixture(int count, QSize size = {760, 640}) {
        model.reset(conversation(count));
        page.setViewport(size, size.width());
        page.setModel(&model);
        page.settle();
    }
    // What the reader sees at the top: text and its place on the screen.
    QPair<QString, int> seen() {
        const int row = page.rowAt(page.look().line * 3);
        MessageLayout& layout = page.layout(row);
        const int y = page.origin(row).y();
        const int position = layout.firstPositionBelow(std::max(0, -y));
        return {QStringLiteral("%1:%2 %3").arg(row).arg(position).arg(layout.text().mid(position, 20)),
                y + static_cast<int>(layout.lineTop(position))};
    }
};

} // namespace

class TestPage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ui::Theme::loadFonts(); }
    void heightIndexAgreesWithSums();
    void hugeChatIsVirtualised();
    void opensAtTheEnd();
    void wheelDriftIsZero();
    void readerIsNotMovedByWhatIsWritten();
    void sticksOnlyAtTheEnd();
    void widthChangeAndBack();
    void horizonMovesInPlace();
    void horizonTakesItsSpaceOnce();
    void growthKeepsClosedBoxes();
    void growthEqualsTheWhole();
    void systemMessagesAreNotShown();
    void truncation();
    void pathologicalMessagesFinish_data();
    void pathologicalMessagesFinish();
};

void TestPage::heightIndexAgreesWithSums() {
    QRandomGenerator random(3);
    std::vector<int> plain;
    HeightIndex index;
    const auto check = [&] {
        std::int64_t sum = 0;
        for (int row = 0; row < static_cast<int>(plain.size()); ++row) {
            QCOMPARE(index.top(row), sum);
            const int height = plain[static_cast<std::size_t>(row)];
            if (height > 0) {
                QCOMPARE(index.rowAt(sum), row);
                QCOMPARE(index.rowAt(sum + height - 1), row);
            }
            sum += height;
        }
        QCOMPARE(index.total(), sum);
    };
    QCOMPARE(index.rowAt(5), -1);
    for (int round = 0; round < 200; ++round) {
        const int what = random.bounded(4);
        if (what == 0 || plain.empty()) {
            plain.push_back(random.bounded(200));
            index.append(plain.back());
        } else if (what == 1) {
            const int row = random.bounded(static_cast<int>(plain.size()));
            plain[static_cast<std::size_t>(row)] = random.bounded(200);
            index.set(row, plain[static_cast<std::size_t>(row)]);
        } else if (what == 2 && plain.size() > 30) {
            plain.resize(plain.size() - 7);
            index.truncate(static_cast<int>(plain.size()));
        } else {
            plain.insert(plain.end(), {10, 0, 30});
            index.assign(plain);
        }
        check();
    }
}

void TestPage::hugeChatIsVirtualised() {
    Fixture f(100'000);
    QVERIFY2(f.page.laidOut() < 40, qPrintable(QString::number(f.page.laidOut())));
    for (int i = 0; i < 300; ++i) {
        f.page.scrollTo(f.page.top() - 700);
        QVERIFY(f.page.laidOut() <= 64);
    }
    f.page.scrollTo(f.page.maximum() / 2); // far away at once
    QVERIFY(f.page.laidOut() <= 64);
    QVERIFY(qAbs(f.page.visible().first - 50'000) < 5'000);
    f.page.scrollTo(0);
    QCOMPARE(f.page.visible().first, 0);
    f.page.scrollTo(f.page.maximum());
    QCOMPARE(f.page.visible().second, 99'999);
    QVERIFY(f.page.sticks());
}

void TestPage::opensAtTheEnd() {
    Fixture f(500);
    QVERIFY(f.page.sticks());
    QCOMPARE(f.page.top(), f.page.maximum());
    const QRect last = f.page.rowRect(499);
    QVERIFY(last.bottom() <= 640 && last.bottom() > 610);
    Fixture little(2);
    QCOMPARE(little.page.maximum(), 0);
    QVERIFY(little.page.rowRect(1).bottom() > 610); // a short chat stands at the composer
}

void TestPage::wheelDriftIsZero() {
    Fixture f(2000);
    f.page.scrollTo(f.page.maximum() / 2);
    const auto before = f.seen();
    QString other;
    for (int i = 0; i < 500; ++i) {
        const int asked = f.page.top() - 37;
        const int row = f.page.rowAt(300), y = f.page.origin(row).y();
        f.page.scrollTo(asked);
        QCOMPARE(f.page.origin(row).y(), y + 37); // every step moves what is seen by what was asked
    }
    other = f.seen().first;
    for (int i = 0; i < 500; ++i)
        f.page.scrollTo(f.page.top() + 37);
    QVERIFY(other != before.first);
    QCOMPARE(f.seen(), before);
}

void TestPage::readerIsNotMovedByWhatIsWritten() {
    Fixture f(300);
    f.page.scrollTo(f.page.maximum() - 2500);
    QVERIFY(!f.page.sticks());
    const auto before = f.seen();
    f.model.append(message(301, QStringLiteral("question")));
    f.page.append();
    f.model.append(message(302, {}, MessageState::Streaming));
    f.page.append();
    f.page.settle();
    const int range = f.page.maximum();
    for (int i = 0; i < 200; ++i) {
        f.model.growText(301, QStringLiteral("some more **words** of it\n\n"));
        f.page.rowChanged(301);
        f.page.settle();
        QCOMPARE(f.seen(), before);
    }
    QVERIFY(f.page.maximum() > range);
    QVERIFY(!f.page.sticks());
}

void TestPage::sticksOnlyAtTheEnd() {
    Fixture f(50);
    f.model.append(message(51, QStringLiteral("q")));
    f.page.append();
    f.model.append(message(52, {}, MessageState::Streaming));
    f.page.append();
    f.page.settle();
    for (int i = 0; i < 60; ++i) {
        f.model.growText(51, QStringLiteral("a line of text\n"));
        f.page.rowChanged(51);
        f.page.settle();
        QCOMPARE(f.page.top(), f.page.maximum());
    }
    f.page.scrollTo(f.page.top() - 1); // a single pixel is enough to stay
    QVERIFY(!f.page.sticks());
    const int top = f.page.top();
    f.model.growText(51, QStringLiteral("more\nand more\n"));
    f.page.rowChanged(51);
    f.page.settle();
    QCOMPARE(f.page.top(), top);
    f.page.scrollTo(f.page.maximum());
    QVERIFY(f.page.sticks());
}

void TestPage::widthChangeAndBack() {
    Fixture f(400);
    f.page.scrollTo(f.page.maximum() / 3);
    const auto before = f.seen();
    for (int width : {700, 600, 520, 430, 600, 760}) {
        f.page.setViewport({width, 640}, width);
        f.page.settle();
        QVERIFY(f.page.laidOut() <= 64);
    }
    QCOMPARE(f.seen(), before);
}

void TestPage::horizonMovesInPlace() {
    Fixture f(20);
    QString text = QStringLiteral("sentence number one of many in this long paragraph. ").repeated(60);
    f.model.append(message(21, QStringLiteral("q")));
    f.page.append();
    f.model.append(message(22, text));
    f.page.append();
    f.page.scrollToRow(21);
    f.page.settle();
    const auto before = f.seen();
    const int line = f.page.look().line;
    int height = 0;
    qreal previous = -1;
    for (int offset = 200; offset < text.size() - 400; offset += 90) {
        f.model.setHorizon(21, offset, 100 + offset);
        f.page.horizonMoved();
        f.page.settle();
        const QRectF rule = f.page.layout(21).ruleRect();
        QVERIFY(!rule.isNull());
        if (previous >= 0) {
            QCOMPARE(f.page.layout(21).height(), height); // nothing below it moves
            QVERIFY(rule.top() >= previous && rule.top() - previous <= 2 * line);
        }
        // It stands above the line in which the forgotten text ends.
        const qreal lineTop = f.page.layout(21).lineTop(f.page.layout(21).toPosition(offset));
        QCOMPARE(rule.bottom(), lineTop);
        height = f.page.layout(21).height();
        previous = rule.top();
    }
    QCOMPARE(f.seen(), before);
}

void TestPage::horizonTakesItsSpaceOnce() {
    Fixture f(30);
    const int space = f.page.look().ruleSpace;
    f.model.setHorizon(28, 0, 10);
    f.page.horizonMoved();
    f.page.settle();
    QCOMPARE(f.page.layout(28).ruleRect().top(), 0.0);
    const int with = f.page.rowRect(28).height();
    f.model.setHorizon(29, 0, 20);
    f.page.horizonMoved();
    f.page.settle();
    QCOMPARE(f.page.rowRect(28).height(), with - space);
    QVERIFY(f.page.layout(28).ruleRect().isNull());
    QVERIFY(!f.page.layout(29).ruleRect().isNull());
}

void TestPage::growthKeepsClosedBoxes() {
    const Look look(ui::Theme::darkTheme());
    Message growing = message(2, {}, MessageState::Streaming);
    MessageLayout layout(growing, look, 660, {});
    qreal lowest = 0;
    for (int i = 0; i < 100; ++i) {
        growing.text += QStringLiteral("Paragraph %1 of the answer.\n\n").arg(i);
        const qreal from = layout.update(growing, {});
        if (i > 2)
            QVERIFY2(from >= layout.height() - 3 * (look.line + look.blockGap),
                     qPrintable(QString::number(from)));
        lowest = from;
    }
    QVERIFY(lowest > 2000);
}

void TestPage::growthEqualsTheWhole() {
    const Look look(ui::Theme::darkTheme());
    QString text;
    for (const Message& each : conversation(12))
        text += each.text + QStringLiteral("\n\n");
    Message growing = message(2, {}, MessageState::Streaming);
    MessageLayout layout(growing, look, 600, {});
    for (qsizetype end = 5; end < text.size(); end += 5) {
        growing.text = text.left(end);
        layout.update(growing, {});
    }
    growing.text = text;
    growing.state = MessageState::Done;
    layout.update(growing, {});
    MessageLayout whole(growing, look, 600, {});
    QCOMPARE(layout.text(), whole.text());
    QCOMPARE(layout.height(), whole.height());
    for (int position = 0; position < whole.length(); position += 17) {
        QCOMPARE(layout.caret(position), whole.caret(position));
        QCOMPARE(layout.toSource(position), whole.toSource(position));
    }
}

void TestPage::systemMessagesAreNotShown() {
    Fixture f(4);
    QList<Message> all = f.model.messages();
    Message system = message(99, QStringLiteral("You are kind."));
    system.role = Role::System;
    all.prepend(system);
    f.model.reset(all);
    f.page.reset();
    f.page.settle();
    QCOMPARE(f.page.rowRect(0).height(), 0);
    QVERIFY(f.page.rowRect(1).height() > 0);
}

void TestPage::truncation() {
    Fixture f(100);
    f.page.scrollTo(f.page.maximum() - 300);
    f.model.truncate(40);
    f.page.truncate(40);
    f.page.settle();
    QCOMPARE(f.page.count(), 40);
    QCOMPARE(f.page.top(), f.page.maximum());
    f.model.truncate(0);
    f.page.truncate(0);
    f.page.settle();
    QCOMPARE(f.page.count(), 0);
}

void TestPage::pathologicalMessagesFinish_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("one word") << QString(1'000'000, u'w');
    QTest::newRow("backticks") << QStringLiteral("`a``").repeated(20'000);
    QTest::newRow("blank lines") << QStringLiteral("a\n\n").repeated(100'000);
    QTest::newRow("one letter a line") << QStringLiteral("a\n").repeated(100'000);
    QTest::newRow("fences") << QStringLiteral("```\n").repeated(20'000);
    QTest::newRow("deep list") << QStringLiteral("- ").repeated(5'000) + QStringLiteral("x");
    QTest::newRow("combining marks") << QStringLiteral("a") + QString(50'000, QChar(0x301));
    QTest::newRow("long code line") << QStringLiteral("```\n") + QString(300'000, u'x') +
                                           QStringLiteral("\n```");
}

void TestPage::pathologicalMessagesFinish() {
    QFETCH(QString, text);
    const Look look(ui::Theme::darkTheme());
    for (int id : {1, 2}) {
        const MessageLayout layout(message(id, text), look, 600, {});
        QVERIFY(layout.height() > 0);
        QVERIFY(layout.length() > 0);
        QVERIFY(layout.hit({300, layout.height() / 2.0}) >= 0);
        QVERIFY(layout.laidOut().height() < 8000);
        if (id != 1)
            continue;
        // A question is shown as it was typed, without the marks of its code.
        const auto words = [](QString all) { return all.remove(u'`').remove(u'\n'); };
        if (text.contains(u'`'))
            QCOMPARE(words(layout.text()), words(text));
        else
            QCOMPARE(layout.text(), text);
    }
}

QTEST_MAIN(TestPage)
#include "tst_page.moc"
