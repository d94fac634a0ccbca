#include "tests/support/patience.h"
#include "window_fixture.h"

#include <QLabel>
#include <sqlite3.h>

using namespace Qt::StringLiterals;

/// The window while the store refuses: it says so, and does not close without a word.
class FullDiskTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void closingTellsWhatWouldBeLost();
};

namespace {

void setFull(test::WindowFixture& f, bool full) {
    f.store.run([full](app::Database& database) {
        sqlite3_exec(database.handle(), full ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF", nullptr,
                     nullptr, nullptr);
    });
    f.store.flush();
}

bool says(const test::WindowFixture& f, const QString& words) {
    for (const QLabel* label : f.window->findChildren<QLabel*>()) {
        if (label->isVisible() && label->text().contains(words))
            return true;
    }
    return false;
}

} // namespace

void FullDiskTest::closingTellsWhatWouldBeLost() {
    test::WindowFixture f;
    f.start();
    setFull(f, true);
    QVERIFY(f.controller->send(u"Can you hear me?"_s));
    QTRY_COMPARE(f.controller->unsavedTurns(), 1);
    QVERIFY(!f.window->close());
    QVERIFY(f.window->isVisible());
    QTRY_VERIFY(says(f, u"not on the disk yet"_s));
    setFull(f, false);
    QTRY_COMPARE(f.controller->unsavedTurns(), 0);
    QTRY_VERIFY(!says(f, u"not on the disk yet"_s));
    setFull(f, true);
    QTRY_COMPARE(f.controller->activity(), app::Activity::Idle);
    QVERIFY(f.controller->send(u"And now?"_s));
    QTRY_COMPARE(f.controller->unsavedTurns(), 1);
    QVERIFY(!f.window->close());
    QVERIFY(f.window->close()); // told, and meant
}

QTEST_MAIN(FullDiskTest)
#include "tst_full_disk.moc"
