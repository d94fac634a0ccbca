// Writing a message: keys, growth, drafts, send and stop.
#include "tests/support/patience.h"
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
        QVERIFY(QTest::qWaitForWindowExposed(m_composer.get(), test::PatienceMs));
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

    void attachedTextsDoNotLieOnEachOther() {
        const QString text = QStringLiteral("Mind the gap. ").repeated(3000);
        m_composer->resize(400, m_composer->height());
        m_composer->edit()->paste(text);
        QTest::qWait(20);
        const QRect first = m_composer->edit()->attachmentRect(0).adjusted(0, 0, 0, -1); // whole pixels
        const auto pictureOfFirst = [&] { return m_composer->edit()->viewport()->grab(first).toImage(); };
        m_composer->setFocus();
        m_composer->edit()->setReadOnly(true); // no blinking cursor in the pictures
        const QImage alone = pictureOfFirst();
        m_composer->edit()->setReadOnly(false);
        m_composer->edit()->moveCursor(QTextCursor::End);
        m_composer->edit()->paste(text);
        QTest::qWait(20);
        m_composer->edit()->setReadOnly(true);
        QVERIFY(m_composer->edit()->attachmentRect(1).top() >= first.top() + first.height() / 2); // below it
        QCOMPARE(pictureOfFirst(), alone);
    }

    void theFootIsReadableAtEveryWidth_data() {
        QTest::addColumn<double>("textSize");
        QTest::addColumn<QString>("memory");
        QTest::addColumn<QString>("prompt");
        QTest::addColumn<QString>("hint");
        const QStringList shortWords{QStringLiteral("4 sinks + 1,020"), QStringLiteral("Assistant"), {}};
        const QStringList longWords{QStringLiteral("4 Anfangstoken und 131.072 im Fenster"),
                                    QStringLiteral("Eigene Anweisungen für diese Unterhaltung"),
                                    QStringLiteral("Bitte zuerst ein Sprachmodell auswählen")};
        for (const double size : {0.8, 1.0, 1.6}) {
            QTest::addRow("short, %.1f", size) << size << shortWords[0] << shortWords[1] << shortWords[2];
            QTest::addRow("long, %.1f", size) << size << longWords[0] << longWords[1] << shortWords[2];
            QTest::addRow("hint, %.1f", size) << size << shortWords[0] << longWords[1] << longWords[2];
        }
    }

    void theFootIsReadableAtEveryWidth() {
        QFETCH(double, textSize);
        QFETCH(QString, memory);
        QFETCH(QString, prompt);
        QFETCH(QString, hint);
        ui::Theme::apply(ui::Theme::lightTheme(textSize));
        init();
        m_composer->setMemory(memory);
        m_composer->setPrompt(prompt);
        m_composer->setState(hint.isEmpty() ? Composer::State::Ready : Composer::State::Blocked, hint);
        for (int width = 300; width < 800; width += 20) {
            m_composer->resize(width, m_composer->height());
            QTest::qWait(1);
            const QString problem = problemOfTheFoot(hint);
            QVERIFY2(problem.isEmpty(), qPrintable(QStringLiteral("%1 at %2").arg(problem).arg(width)));
        }
        ui::Theme::apply(ui::Theme::lightTheme());
    }

private:
    /// The first thing in the line of chips that cannot be read, or empty.
    QString problemOfTheFoot(const QString& hint) const {
        const QPushButton* send = m_composer->sendButton();
        if (send->width() < send->sizeHint().width())
            return QStringLiteral("the button is cut");
        int end = 0, missing = 0;
        for (QPushButton* chip : {m_composer->memoryChip(), m_composer->promptChip()}) {
            if (chip->isHidden()) {
                missing = std::max(missing, chip->minimumSizeHint().width());
                continue;
            }
            if (chip->x() < end)
                return QStringLiteral("a chip lies on another");
            end = chip->geometry().right() + 1;
            const bool isCut = chip->width() < chip->sizeHint().width();
            if (chip->width() < chip->minimumSizeHint().width() ||
                (isCut && !chip->toolTip().startsWith(chip->text())))
                return QStringLiteral("a chip is cut and its words stand nowhere");
        }
        for (const auto* label : m_composer->findChildren<QLabel*>()) {
            if (hint.isEmpty() || label->isHidden())
                continue;
            const bool isCut = label->text().endsWith(QChar(0x2026));
            if (label->width() < label->fontMetrics().horizontalAdvance(label->text()) ||
                !hint.startsWith(label->text().chopped(isCut ? 1 : 0)) || label->text().size() < 10)
                return QStringLiteral("the hint cannot be read");
            if (isCut && end > 0)
                return QStringLiteral("a chip takes the hint's room");
            end = std::max(end, label->geometry().right() + 1);
        }
        if (end > send->x())
            return QStringLiteral("something lies on the button");
        constexpr int gaps = 3 * 2 * ui::metrics::grid; // before, behind, and before the button
        return missing > 0 && missing + gaps < send->x() - end
                   ? QStringLiteral("a chip is missing where there is room")
                   : QString();
    }

    std::unique_ptr<Composer> m_composer;
};

QTEST_MAIN(TestComposer)
#include "tst_composer.moc"
