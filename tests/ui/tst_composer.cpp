// Writing a message: keys, growth, drafts, send and stop.
#include "ui/page/composer.h"
#include "ui/theme.h"

#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

using ui::Composer;

class TestComposer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        ui::Theme::loadFonts();
        ui::Theme::apply(ui::Theme::lightTheme());
    }

    void init() {
        m_composer = std::make_unique<Composer>();
        m_composer->resize(620, m_composer->sizeHint().height());
        m_composer->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_composer.get()));
    }

    void enterSendsAndOnlyWhoTookTheTextEmptiesTheField() {
        QSignalSpy sent(m_composer.get(), &Composer::sendRequested);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("Hello"));
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QCOMPARE(sent.count(), 1);
        QCOMPARE(sent.first().first().toString(), QStringLiteral("Hello"));
        QCOMPARE(m_composer->text(), QStringLiteral("Hello")); // nobody took it
        connect(m_composer.get(), &Composer::sendRequested, this, [this] { m_composer->setDraft({}); });
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QCOMPARE(sent.count(), 2);
        QVERIFY(m_composer->text().isEmpty());
    }

    void escapeCancelsWhereNothingIsToStop() {
        QSignalSpy cancelled(m_composer.get(), &Composer::cancelRequested);
        QSignalSpy stopped(m_composer.get(), &Composer::stopRequested);
        QTest::keyClick(m_composer->edit(), Qt::Key_Escape);
        QCOMPARE(cancelled.count(), 1);
        m_composer->setState(Composer::State::Answering);
        QTest::keyClick(m_composer->edit(), Qt::Key_Escape);
        QCOMPARE(cancelled.count(), 1);
        QCOMPARE(stopped.count(), 1);
    }

    void shiftEnterBreaksTheLine() {
        QSignalSpy sent(m_composer.get(), &Composer::sendRequested);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("one"));
        QTest::keyClick(m_composer->edit(), Qt::Key_Return, Qt::ShiftModifier);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("two"));
        QCOMPARE(sent.count(), 0);
        QCOMPARE(m_composer->text(), QStringLiteral("one\ntwo"));
    }

    void nothingToSendIsNotSent() {
        QSignalSpy sent(m_composer.get(), &Composer::sendRequested);
        QVERIFY(!m_composer->sendButton()->isEnabled());
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("   "));
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QCOMPARE(sent.count(), 0);
    }

    void growsFromOneToEightLines() {
        const int one = m_composer->edit()->height();
        QList<int> heights;
        for (int lines = 2; lines <= 12; ++lines) {
            QTest::keyClick(m_composer->edit(), Qt::Key_Return, Qt::ShiftModifier);
            heights += m_composer->edit()->height();
        }
        for (int lines = 2; lines <= 8; ++lines)
            QVERIFY(heights.at(lines - 2) > (lines == 2 ? one : heights.at(lines - 3)));
        QCOMPARE(heights.at(9 - 2), heights.at(8 - 2)); // the ninth scrolls
        QCOMPARE(heights.last(), heights.at(8 - 2));
        m_composer->setDraft(QString());
        QCOMPARE(m_composer->edit()->height(), one);
    }

    void aLongLineWrapsAndGrows() {
        const int one = m_composer->edit()->height();
        m_composer->setDraft(QStringLiteral("word ").repeated(60));
        QVERIFY(m_composer->edit()->height() > one);
    }

    void draftsAreToldButNotEchoed() {
        QSignalSpy changed(m_composer.get(), &Composer::draftChanged);
        m_composer->setDraft(QStringLiteral("from the store"));
        QCOMPARE(changed.count(), 0);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("!"));
        QCOMPARE(changed.count(), 1);
        QCOMPARE(m_composer->draft(), QStringLiteral("from the store!"));
    }

    void sendBecomesStop() {
        QSignalSpy stopped(m_composer.get(), &Composer::stopRequested);
        QCOMPARE(m_composer->sendButton()->text(), QStringLiteral("Send"));
        m_composer->setState(Composer::State::Answering);
        QCOMPARE(m_composer->sendButton()->text(), QStringLiteral("Stop"));
        QVERIFY(m_composer->sendButton()->isEnabled());
        QTest::mouseClick(m_composer->sendButton(), Qt::LeftButton);
        QTest::keyClick(m_composer->edit(), Qt::Key_Escape);
        QCOMPARE(stopped.count(), 2);
        m_composer->setState(Composer::State::Ready);
        QCOMPARE(m_composer->sendButton()->text(), QStringLiteral("Send"));
    }

    void sendingWaitsForTheEndOfTheAnswer() {
        QSignalSpy sent(m_composer.get(), &Composer::sendRequested);
        QSignalSpy stopped(m_composer.get(), &Composer::stopRequested);
        m_composer->setState(Composer::State::Answering);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("next"));
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QVERIFY(m_composer->isWaiting());
        QCOMPARE(sent.count(), 0);
        QTest::keyClick(m_composer->edit(), Qt::Key_Escape); // takes the wait back, stops nothing
        QVERIFY(!m_composer->isWaiting());
        QCOMPARE(stopped.count(), 0);
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        m_composer->sendWhatWaits(); // not yet
        m_composer->setState(Composer::State::Ready);
        QCOMPARE(sent.count(), 0); // a setter sends nothing
        m_composer->sendWhatWaits();
        m_composer->sendWhatWaits();
        QCOMPARE(sent.count(), 1);
        QCOMPARE(sent.first().first().toString(), QStringLiteral("next"));
    }

    void editingTakesTheWaitBack() {
        QSignalSpy sent(m_composer.get(), &Composer::sendRequested);
        m_composer->setState(Composer::State::Loading);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("half a thou"));
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QTest::keyClicks(m_composer->edit(), QStringLiteral("ght"));
        m_composer->setState(Composer::State::Ready);
        m_composer->sendWhatWaits();
        QCOMPARE(sent.count(), 0);
        QCOMPARE(m_composer->text(), QStringLiteral("half a thought"));
    }

    void anObstacleIsSaid() {
        QSignalSpy sent(m_composer.get(), &Composer::sendRequested);
        m_composer->setState(Composer::State::Blocked, QStringLiteral("Choose a model first"));
        QTest::keyClicks(m_composer->edit(), QStringLiteral("Hello"));
        QTest::keyClick(m_composer->edit(), Qt::Key_Return);
        QCOMPARE(sent.count(), 0);
        QVERIFY(!m_composer->sendButton()->isEnabled());
        bool said = false;
        for (const QLabel* label : m_composer->findChildren<QLabel*>())
            said = said || label->text() == QStringLiteral("Choose a model first");
        QVERIFY(said);
        QCOMPARE(m_composer->text(), QStringLiteral("Hello"));
    }

private:
    std::unique_ptr<Composer> m_composer;
};

QTEST_MAIN(TestComposer)
#include "tst_composer.moc"
