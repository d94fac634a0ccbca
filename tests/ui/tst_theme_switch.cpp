// A window that has lived through a change of the theme looks like one that was made in it.
#include "tests/ui/inspector_world.h"
#include "ui/theme.h"

#include <QApplication>
#include <QLabel>
#include <QStyle>

using ui::Theme;

namespace {

QStringList fontsOf(QWidget* root) {
    QStringList fonts;
    for (QWidget* widget : root->findChildren<QWidget*>()) {
        const QString name = QLatin1String(widget->metaObject()->className());
        static const QStringList withText = {QStringLiteral("QLabel"),    QStringLiteral("QPushButton"),
                                             QStringLiteral("QTabBar"),   QStringLiteral("QCheckBox"),
                                             QStringLiteral("QComboBox"), QStringLiteral("QTableView")};
        if (!withText.contains(name))
            continue;
        fonts += QStringLiteral("%1 %2 %3 %4")
                     .arg(name, widget->accessibleName())
                     .arg(widget->font().weight())
                     .arg(widget->font().pointSizeF());
    }
    return fonts;
}

/// How many pixels differ; both pictures are kept when some do.
int different(const QImage& a, const QImage& b) {
    int count = a.size() == b.size() ? 0 : a.width() * a.height();
    for (int y = 0; a.size() == b.size() && y < a.height(); ++y) {
        for (int x = 0; x < a.width(); ++x)
            count += a.pixel(x, y) != b.pixel(x, y) ? 1 : 0;
    }
    if (count > 0) {
        a.save(QStringLiteral("theme-switched.png"));
        b.save(QStringLiteral("theme-fresh.png"));
    }
    return count;
}

/// The pane at one fixed moment.
struct Moment {
    test::InspectorWorld world{4, 60, 6, 4};
    Moment() {
        world.pane->setFixedSize(430, 800); // as its window would: it has no say in its size there
        for (int i = 0; i < 4; ++i)
            world.tokens(40);
        world.state().pause();
        QCoreApplication::processEvents();
    }
    QImage picture(int tab) {
        world.pane->showTab(tab);
        QCoreApplication::processEvents();
        return world.pane->grab().toImage();
    }
};

} // namespace

class TestThemeSwitch : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::loadFonts(); }

    void aSwitchedPaneLooksLikeAFreshOne_data() {
        QTest::addColumn<bool>("toDark");
        QTest::newRow("to dark") << true;
        QTest::newRow("to light") << false;
    }
    void aSwitchedPaneLooksLikeAFreshOne() {
        QFETCH(bool, toDark);
        const Theme wanted = toDark ? Theme::darkTheme() : Theme::lightTheme();
        const Theme other = toDark ? Theme::lightTheme() : Theme::darkTheme();
        Theme::apply(wanted);
        QStringList fonts;
        QList<QImage> fresh;
        {
            Moment moment;
            fonts = fontsOf(moment.world.pane.get());
            for (int tab = 0; tab < 4; ++tab)
                fresh += moment.picture(tab);
        }
        Theme::apply(other);
        Moment moment;
        (void)moment.picture(0);
        Theme::apply(wanted);
        QCOMPARE(fontsOf(moment.world.pane.get()), fonts);
        for (int tab = 0; tab < 4; ++tab)
            QCOMPARE(different(moment.picture(tab), fresh.at(tab)), 0);
    }

    /// Asking for the style anew would polish every widget twice.
    void theStyleIsChosenOnce() {
        Theme::apply(Theme::darkTheme());
        QPointer<QStyle> style = QApplication::style();
        Theme::apply(Theme::lightTheme());
        Theme::apply(Theme::darkTheme());
        QVERIFY(style);
        QCOMPARE(style->metaObject()->className(), QApplication::style()->metaObject()->className());
    }

    /// There and back again changes nothing.
    void weightsDoNotWander() {
        Theme::apply(Theme::darkTheme());
        QLabel label;
        label.setFont(Theme::current().title);
        const auto weight = label.font().weight();
        for (int i = 0; i < 5; ++i) {
            Theme::apply(Theme::lightTheme());
            QCOMPARE(label.font().weight(), Theme::lightTheme().title.weight());
            Theme::apply(Theme::darkTheme());
        }
        QCOMPARE(label.font().weight(), weight);
    }
};

QTEST_MAIN(TestThemeSwitch)
#include "tst_theme_switch.moc"
