// Numbers in the language of the person: what is shown, what is understood, and what a field says no to.
#include "app/numbers.h"
#include "tests/ui/window_fixture.h"
#include "ui/parts/number_field.h"
#include "ui/parts/words.h"
#include "ui/settings/settings_dialog.h"
#include "ui/settings/settings_page.h"
#include "ui/theme.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>

using test::WindowFixture;

namespace {

/// Every language that differs in its signs: comma and point, point and comma, its own digits, narrow blanks.
const char* const languages[] = {"de_DE", "en_US", "ar_EG", "fr_FR"};

class InLanguage {
public:
    explicit InLanguage(const QString& name) { QLocale::setDefault(QLocale(name)); }
    ~InLanguage() { QLocale::setDefault(QLocale::c()); }
    Q_DISABLE_COPY_MOVE(InLanguage)
};

ui::NumberField* field(ui::SettingsDialog* dialog, const QString& name) {
    for (auto* box : dialog->findChildren<ui::NumberField*>())
        if (box->accessibleName() == name)
            return box;
    return nullptr;
}

void type(ui::NumberField* box, const QString& text) {
    box->setFocus();
    box->selectAll();
    QTest::keyClicks(box, text);
}

void paste(ui::NumberField* box, const QString& text) {
    QGuiApplication::clipboard()->setText(text);
    box->setFocus();
    box->selectAll();
    QTest::keyClick(box, Qt::Key_V, Qt::ControlModifier);
}

} // namespace

class TestNumbers : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        ui::Theme::loadFonts();
        ui::Theme::apply(ui::Theme::darkTheme());
    }
    void shown_data();
    void shown();
    void wholeNumbers_data();
    void wholeNumbers();
    void decimals_data();
    void decimals();
    void savedAsTyped_data();
    void savedAsTyped();
    void refused_data();
    void refused();
    void enterSavesNothingRefused();
};

void TestNumbers::shown_data() {
    QTest::addColumn<QString>("number");
    QTest::newRow("de_DE") << QStringLiteral("4.096");
    QTest::newRow("en_US") << QStringLiteral("4,096");
    QTest::newRow("ar_EG") << QStringLiteral("4,096"); // Western digits, as English writes them
    QTest::newRow("fr_FR") << QStringLiteral("4\u202f096");
}

void TestNumbers::shown() {
    QFETCH(QString, number);
    const InLanguage language(QString::fromLatin1(QTest::currentDataTag()));
    QCOMPARE(ui::words::number(4096), number);
    ui::NumberField whole(0, 0, 10000);
    whole.setValue(4096);
    QCOMPARE(whole.text(), QStringLiteral("4096")); // no groups where one types
}

void TestNumbers::wholeNumbers_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<qint64>("number"); // -1: not understood
    const auto row = [](const char* text, qint64 number) {
        QTest::newRow(text) << QString::fromUtf8(text) << number;
    };
    row("4096", 4096);
    row("4,096", 4096);
    row("4.096", 4096);
    row("4 096", 4096);
    row("4\u202f096", 4096);
    row("4\u00a0096", 4096);
    row("4\u2019096", 4096);
    row("1,234,567", 1234567);
    row(" 12 ", 12);
    row("٤٠٩٦", 4096);       // Arabic
    row("٤٬٠٩٦", 4096);      // with its own separator
    row("۴۰۹۶", 4096);       // Persian
    row("\u200f٤٠٩٦", 4096); // with a mark of direction
    row("4.5", -1);
    row("1.234,567", -1);
    row("12,34", -1);
    row("1,23,456", -1);
    row("-4", -1);
    row("4k", -1);
    row("", -1);
    row("99999999999999999999", -1);
}

void TestNumbers::wholeNumbers() {
    QFETCH(QString, text);
    QFETCH(qint64, number);
    for (const char* name : languages) {
        const InLanguage language(QString::fromLatin1(name));
        QCOMPARE(app::readWhole(text).value_or(-1), number);
    }
}

void TestNumbers::decimals_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<double>("number");
    const auto row = [](const char* text, double number) {
        QTest::newRow(text) << QString::fromUtf8(text) << number;
    };
    row("0.5", 0.5);
    row("0,5", 0.5);
    row(",5", 0.5);
    row("1.", 1);
    row("٠٫٥", 0.5);
    row("۰٫۵", 0.5);
    row("1.234", 1.234);
    row("1,234.5", -1);
    row("0..5", -1);
    row("nan", -1);
    row("1e5", -1);
    row(".", -1);
}

void TestNumbers::decimals() {
    QFETCH(QString, text);
    QFETCH(double, number);
    for (const char* name : languages) {
        const InLanguage language(QString::fromLatin1(name));
        QCOMPARE(app::readDecimal(text).value_or(-1), number);
    }
}

void TestNumbers::savedAsTyped_data() {
    QTest::addColumn<QString>("temperature");
    QTest::addColumn<QString>("longest");
    for (const char* name : languages) {
        const QByteArray language(name);
        QTest::newRow(language + " point") << QStringLiteral("0.5") << QStringLiteral("4.096");
        QTest::newRow(language + " comma") << QStringLiteral("0,5") << QStringLiteral("4,096");
        QTest::newRow(language + " Arabic") << QStringLiteral("٠٫٥") << QStringLiteral("٤٠٩٦");
    }
}

void TestNumbers::savedAsTyped() {
    QFETCH(QString, temperature);
    QFETCH(QString, longest);
    const InLanguage language(QString::fromLatin1(QByteArray(QTest::currentDataTag()).left(5)));
    WindowFixture f;
    f.start();
    f.window->openSettings(ui::SettingsPage::Sampling);
    ui::SettingsDialog* dialog = f.window->settingsDialog();
    paste(field(dialog, QStringLiteral("Temperature")), temperature); // the test library types Latin only
    paste(field(dialog, QStringLiteral("Longest answer")), longest);
    dialog->accept();
    QCOMPARE(f.controller->settings().sampling.temperature, 0.5f);
    QCOMPARE(f.controller->settings().longestAnswer, 4096);
    QCOMPARE(f.controller->settings().toMap().value(QStringLiteral("sampling.temperature")),
             QStringLiteral("0.5")); // what is kept has a point
}

void TestNumbers::refused_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("sentence");
    const QString temperature = QStringLiteral("Temperature"), longest = QStringLiteral("Longest answer");
    QTest::newRow("two signs") << temperature << QStringLiteral("0..5")
                               << QStringLiteral("“0..5” is not a number.");
    QTest::newRow("word") << temperature << QStringLiteral("hot") << QStringLiteral("“hot” is not a number.");
    QTest::newRow("too much") << temperature << QStringLiteral("5")
                              << QStringLiteral("This goes from 0.00 to 2.00.");
    QTest::newRow("rounds to nothing") << QStringLiteral("Min p") << QStringLiteral("0.001")
                                       << QStringLiteral("At most 2 digit(s) behind the decimal sign.");
    QTest::newRow("half a token") << longest << QStringLiteral("4.5")
                                  << QStringLiteral("“4.5” is not a whole number.");
    QTest::newRow("below none") << longest << QStringLiteral("-4")
                                << QStringLiteral("“-4” is not a whole number.");
    QTest::newRow("nothing") << longest << QStringLiteral(" ") << QStringLiteral("A number is missing here.");
    QTest::newRow("a book") << longest << QString(100000, u'x')
                            << QStringLiteral("“%1…” is not a whole number.").arg(QString(23, u'x'));
}

void TestNumbers::refused() {
    QFETCH(QString, name);
    QFETCH(QString, text);
    QFETCH(QString, sentence);
    WindowFixture f;
    f.start();
    f.window->openSettings(ui::SettingsPage::Sampling);
    ui::SettingsDialog* dialog = f.window->settingsDialog();
    ui::NumberField* box = field(dialog, name);
    const double before = box->value();
    const QString shown = box->text();
    QPushButton* save = nullptr;
    for (auto* button : dialog->findChildren<QPushButton*>())
        if (button->text() == QStringLiteral("Save"))
            save = button;
    field(dialog, QStringLiteral("Seed"))->setValue(7); // something to save
    QVERIFY(save->isEnabled());
    const auto says = [dialog](const QString& wanted) {
        for (const auto* label : dialog->findChildren<QLabel*>())
            if (label->text() == wanted)
                return label->property("kind") == QStringLiteral("problem") && label->isVisible();
        return false;
    };
    paste(box, text);
    QVERIFY2(says(sentence), qPrintable(sentence));
    QVERIFY(!save->isEnabled());
    field(dialog, QStringLiteral("Seed"))->setFocus();
    QCOMPARE(box->value(), before);
    QCOMPARE(box->text(), shown);
    QVERIFY(says(sentence + QStringLiteral(" It stays %1.").arg(shown)));
    QVERIFY(save->isEnabled());
    paste(box, QStringLiteral("1"));
    QVERIFY(!says(sentence + QStringLiteral(" It stays %1.").arg(shown)));
    QCOMPARE(box->value(), 1.0);
}

void TestNumbers::enterSavesNothingRefused() {
    WindowFixture f;
    f.start();
    f.window->openSettings(ui::SettingsPage::Sampling);
    ui::SettingsDialog* dialog = f.window->settingsDialog();
    const float before = f.controller->settings().sampling.temperature;
    ui::NumberField* box = field(dialog, QStringLiteral("Temperature"));
    type(box, QStringLiteral("0..5"));
    QTest::keyClick(box, Qt::Key_Return);
    QVERIFY(dialog->isVisible());
    QCOMPARE(box->text(), QStringLiteral("0..5"));
    QCOMPARE(f.controller->settings().sampling.temperature, before);
}

QTEST_MAIN(TestNumbers)
#include "tst_numbers.moc"
