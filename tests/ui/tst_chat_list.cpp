// The left pane by itself: groups, opening, renaming, deleting, searching.
#include "tests/support/patience.h"
#include "ui/side/chat_list.h"
#include "ui/side/side_pane.h"
#include "ui/theme.h"

#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>

using ui::ChatListModel;
using Kind = ui::ChatListModel::Kind;

namespace {

app::ChatSummary chat(app::ChatId id, const QString& title, const QDateTime& updated) {
    app::ChatSummary summary;
    summary.id = id;
    summary.title = title;
    summary.updated = updated;
    return summary;
}

QStringList rows(const ChatListModel& model) {
    QStringList texts;
    for (int row = 0; row < model.rowCount(); ++row) {
        const QModelIndex index = model.index(row);
        const bool group = index.data(ChatListModel::KindRole).toInt() == static_cast<int>(Kind::Group);
        texts += (group ? QStringLiteral("# ") : QString()) + index.data().toString();
    }
    return texts;
}

} // namespace

class TestChatList : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        ui::Theme::loadFonts();
        ui::Theme::apply(ui::Theme::lightTheme());
    }

    void init() {
        m_pane = std::make_unique<ui::SidePane>();
        m_pane->resize(232, 600);
        const QDateTime now = QDateTime::currentDateTime();
        m_pane->setChats({chat(1, QStringLiteral("Harbour"), now),
                          chat(2, QStringLiteral("Letter"), now.addSecs(-1)),
                          chat(3, QStringLiteral("Sky"), now.addDays(-1))});
        m_pane->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_pane.get(), test::PatienceMs));
    }

    void groupsByDay() {
        const QDate today(2026, 11, 22);
        QCOMPARE(ChatListModel::groupName(today, today), QStringLiteral("Today"));
        QCOMPARE(ChatListModel::groupName(today.addDays(1), today),
                 QStringLiteral("Today")); // clock set back
        QCOMPARE(ChatListModel::groupName(today.addDays(-1), today), QStringLiteral("Yesterday"));
        QCOMPARE(ChatListModel::groupName(today.addDays(-2), today), QStringLiteral("November"));
        QCOMPARE(ChatListModel::groupName(QDate(2026, 3, 1), today), QStringLiteral("March"));
        QCOMPARE(ChatListModel::groupName(QDate(2025, 11, 22), today), QStringLiteral("November 2025"));
    }

    void newestFirstUnderTheirHeads() {
        ChatListModel model;
        const QDate today(2026, 11, 22);
        const auto at = [&](int daysAgo, int hour) {
            return QDateTime(today.addDays(-daysAgo), QTime(hour, 0));
        };
        model.setChats({chat(1, QStringLiteral("b"), at(1, 9)), chat(2, QStringLiteral("a"), at(0, 8)),
                        chat(3, QStringLiteral("c"), at(10, 8)), chat(4, QStringLiteral("d"), at(0, 9))},
                       today);
        QCOMPARE(rows(model),
                 QStringList({QStringLiteral("# Today"), QStringLiteral("d"), QStringLiteral("a"),
                              QStringLiteral("# Yesterday"), QStringLiteral("b"),
                              QStringLiteral("# November"), QStringLiteral("c")}));
        QVERIFY(!model.index(0).flags().testFlag(Qt::ItemIsEnabled)); // a head cannot be chosen
    }

    void clickAndEnterOpen() {
        QSignalSpy opened(m_pane.get(), &ui::SidePane::openRequested);
        ui::ChatList* list = m_pane->list();
        const QModelIndex second = list->chats()->indexOf(2);
        QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(second).center());
        QCOMPARE(opened.count(), 1);
        QCOMPARE(opened.first().first().value<app::ChatId>(), 2);
        list->setFocus();
        QTest::keyClick(list, Qt::Key_Down); // jumps over the head between
        QTest::keyClick(list, Qt::Key_Return);
        QCOMPARE(opened.count(), 2);
        QCOMPARE(opened.last().first().value<app::ChatId>(), 3);
    }

    void renameInPlace() {
        ui::ChatList* list = m_pane->list();
        QSignalSpy renamed(list->chats(), &ChatListModel::renameRequested);
        list->setCurrentIndex(list->chats()->indexOf(1));
        list->renameCurrent(1);
        auto* editor = list->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor);
        editor->selectAll();
        QTest::keyClicks(editor, QStringLiteral("  Ferry  times "));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(renamed.count(), 1);
        QCOMPARE(renamed.first().at(0).value<app::ChatId>(), 1);
        QCOMPARE(renamed.first().at(1).toString(), QStringLiteral("Ferry times"));
    }

    void anEmptyNameIsNoName() {
        ChatListModel* model = m_pane->list()->chats();
        QSignalSpy renamed(model, &ChatListModel::renameRequested);
        QVERIFY(!model->setData(model->indexOf(1), QStringLiteral("   "), Qt::EditRole));
        QVERIFY(!model->setData(model->index(0), QStringLiteral("a head"), Qt::EditRole));
        QCOMPARE(renamed.count(), 0);
    }

    void deleteKeyAsksForTheChat() {
        ui::ChatList* list = m_pane->list();
        QSignalSpy deleted(list, &ui::ChatList::deleteRequested);
        list->setCurrentIndex(list->chats()->indexOf(3));
        QTest::keyClick(list, Qt::Key_Delete);
        QCOMPARE(deleted.count(), 1);
        QCOMPARE(deleted.first().first().value<app::ChatId>(), 3);
    }

    void theOpenChatIsMarked() {
        m_pane->setCurrentChat(2);
        ChatListModel* model = m_pane->list()->chats();
        QVERIFY(model->indexOf(2).data(ChatListModel::CurrentRole).toBool());
        QVERIFY(!model->indexOf(1).data(ChatListModel::CurrentRole).toBool());
    }

    void searchShowsHitsAndEnterOpensTheFirst() {
        QSignalSpy asked(m_pane.get(), &ui::SidePane::searchRequested);
        QSignalSpy opened(m_pane.get(), &ui::SidePane::openRequested);
        m_pane->focusSearch();
        QTest::keyClicks(m_pane->searchBox(), QStringLiteral("berth"));
        QTest::keyClick(m_pane->searchBox(), Qt::Key_Return); // sooner than the hits
        QTRY_COMPARE(asked.count(), 1);
        QCOMPARE(asked.first().first().toString(), QStringLiteral("berth"));
        app::SearchHit hit;
        hit.chat = 1;
        hit.message = 77;
        hit.chatTitle = QStringLiteral("Harbour");
        hit.snippet = QStringLiteral("about %1berth%2 14").arg(QChar(0xe000)).arg(QChar(0xe001));
        m_pane->showHits(QStringLiteral("ber"), {hit, hit}); // an older answer
        QCOMPARE(opened.count(), 0);
        m_pane->showHits(QStringLiteral("berth"), {hit});
        QCOMPARE(opened.count(), 1);
        QCOMPARE(opened.first().at(1).value<app::MessageId>(), 77);
        const QModelIndex row = m_pane->list()->chats()->firstUsable();
        QCOMPARE(row.data(Qt::AccessibleTextRole).toString(), QStringLiteral("Harbour: about berth 14"));
        QTest::keyClick(m_pane->searchBox(), Qt::Key_Escape);
        QCOMPARE(rows(*m_pane->list()->chats()).first(), QStringLiteral("# Today"));
    }

private:
    std::unique_ptr<ui::SidePane> m_pane;
};

QTEST_MAIN(TestChatList)
#include "tst_chat_list.moc"
