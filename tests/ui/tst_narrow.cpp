// What is shown where there is little room: the header at 500 pixels, lists to choose from, why a model cannot be used.
#include "tests/support/patience.h"
#include "tests/ui/window_fixture.h"
#include "ui/inspector/view_heading.h"
#include "ui/page/cache_meter.h"
#include "ui/page/chat_page.h"
#include "ui/page/empty_state.h"
#include "ui/page/header.h"
#include "ui/parts/choice_box.h"
#include "ui/parts/steady_list.h"
#include "ui/settings/models_page.h"
#include "ui/settings/settings_dialog.h"
#include "ui/theme.h"
#include "ui/window/actions.h"
#include "ui/window/panes.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QPushButton>
#include <QScrollBar>
#include <QToolButton>

using test::WindowFixture;
using ui::Theme;

class TestNarrow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
    }
    void theMetersWordsKeepOffItsBar_data();
    void theMetersWordsKeepOffItsBar();
    void choicesShowWholeRows_data();
    void choicesShowWholeRows();
    void whyAModelCannotBeUsedIsReadable();
    void theEmptyPageShowsAllItsWords_data();
    void theEmptyPageShowsAllItsWords();
    void theInspectorHidesWhatItLiesOver();
    void aHeadingKeepsItsName();
};

void TestNarrow::theMetersWordsKeepOffItsBar_data() {
    QTest::addColumn<int>("width");
    for (const int width : {480, 500, 560, 700, 1280})
        QTest::addRow("%d", width) << width;
}

void TestNarrow::theMetersWordsKeepOffItsBar() {
    QFETCH(int, width);
    WindowFixture f;
    f.start();
    f.window->resize(width, 700);
    engine::CacheStatus status;
    status.visible = status.capacity = 4096;
    status.sinks = 4;
    ui::Header* header = f.window->page()->header();
    header->meter()->setStatus(status);
    QTest::qWait(20);
    // Nothing in the line is squeezed, none lies on another.
    QList<QWidget*> parts{header->title(), header->meter(), header->exportButton(), header->inspectorButton(),
                          header->menuButton()};
    int end = 0;
    for (QWidget* part : parts) {
        if (part->isHidden())
            continue;
        QVERIFY2(part->x() >= end, qPrintable(part->accessibleName()));
        QVERIFY(part->width() >= part->minimumSizeHint().width() || part == header->title());
        end = part->geometry().right() + 1;
    }
    QVERIFY(end <= header->width());
    QVERIFY(!header->menuButton()->isHidden());
    QVERIFY(width < 1000 || !header->exportButton()->isHidden());
    // The blue of the bar ends before the ink of the words begins.
    const QImage image = header->meter()->grab().toImage();
    const QColor blue = Theme::current().window;
    int lastBlue = -1;
    for (int x = 0; x < image.width(); ++x)
        if (image.pixelColor(x, image.height() / 2) == blue)
            lastBlue = x;
    const int words = header->meter()->width() - header->meter()->minimumSizeHint().width();
    QVERIFY2(lastBlue <= words, qPrintable(QStringLiteral("%1 %2").arg(lastBlue).arg(words)));
    WindowFixture::picture(f.window.get(), QStringLiteral("narrow-%1").arg(width));
}

void TestNarrow::choicesShowWholeRows_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<int>("count");
    for (const int count : {2, 4, 9, 10, 14})
        for (const bool dark : {true, false})
            QTest::addRow("%d %s", count, dark ? "dark" : "light") << dark << count;
}

void TestNarrow::choicesShowWholeRows() {
    QFETCH(bool, dark);
    QFETCH(int, count);
    Theme::apply(dark ? Theme::darkTheme() : Theme::lightTheme());
    QWidget window;
    window.resize(500, 300);
    window.move(100, 100);
    ui::ChoiceBox box(&window);
    for (int i = 0; i < count; ++i)
        box.addItem(QStringLiteral("Choice number %1 of several").arg(i));
    box.setCurrentIndex(count - 1);
    box.setFixedWidth(120);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window, test::PatienceMs));
    box.showPopup();
    QTest::qWait(30);
    QAbstractItemView* view = box.view();
    const int rows = std::min(count, 10);
    const int row = view->sizeHintForRow(0);
    QCOMPARE(view->viewport()->height(), rows * row);
    QCOMPARE(view->verticalScrollBar()->maximum() > 0, count > 10);
    QVERIFY(view->viewport()->width() >= view->sizeHintForColumn(0));
    const QImage image = view->window()->grab().toImage();
    QCOMPARE(image.pixelColor(image.width() / 2, 3), Theme::current().raised); // as menus are
    WindowFixture::picture(
        view->window(),
        QStringLiteral("choices-%1-%2").arg(count).arg(QLatin1String(dark ? "dark" : "light")));
    box.hidePopup();
    Theme::apply(Theme::darkTheme());
}

void TestNarrow::whyAModelCannotBeUsedIsReadable() {
    app::ModelEntry entry;
    entry.path = QStringLiteral("/models/one.gguf");
    entry.name = QStringLiteral("One");
    entry.problem = QStringLiteral("It cannot be used: it holds a model of a family that this program does "
                                   "not know, and what it knows is "
                                   "a long list of names that takes more than one line of this list. END");
    ui::ModelListModel model;
    model.setModels({entry}, {});
    QVERIFY(model.index(0).data(Qt::ToolTipRole).toString().contains(QStringLiteral("END")));
    WindowFixture f;
    f.start();
    f.window->openSettings(ui::SettingsPage::Models);
    auto* page = f.window->settingsDialog()->findChild<ui::ModelsPage*>();
    auto* list = page->list();
    list->setModel(&model);
    QTest::qWait(30);
    const QFontMetrics label(Theme::current().label);
    const int lines =
        (label.horizontalAdvance(entry.problem) + list->viewport()->width() - 1) / list->viewport()->width();
    QVERIFY(lines > 1);
    const int before = list->visualRect(model.index(0)).height();
    QVERIFY(before >= QFontMetrics(Theme::current().list).height() + (1 + lines) * label.height());
    WindowFixture::picture(f.window->settingsDialog(), QStringLiteral("model-problem"));
    f.window->settingsDialog()->resize(1500, 600); // heights follow the width
    QTRY_VERIFY(list->visualRect(model.index(0)).height() < before);
    list->setModel(nullptr);
}

void TestNarrow::theEmptyPageShowsAllItsWords_data() {
    QTest::addColumn<QSize>("size");
    QTest::addColumn<int>("percent");
    for (const int percent : {80, 100, 160})
        for (const QSize size : {QSize(480, 420), QSize(480, 700), QSize(700, 600), QSize(1280, 800)})
            QTest::addRow("%d x %d, %d %%", size.width(), size.height(), percent) << size << percent;
}

/// How many lines of text there are in the picture of a card: rows of ink with rows of paper between them.
static int linesIn(const QImage& card) {
    const QColor paper = card.pixelColor(card.width() / 2, 4);
    int lines = 0;
    bool wasInk = false;
    for (int y = 4; y < card.height() - 4; ++y) {
        bool isInk = false;
        for (int x = 8; x < card.width() - 8; ++x)
            isInk = isInk || card.pixelColor(x, y) != paper;
        lines += isInk && !wasInk ? 1 : 0;
        wasInk = isInk;
    }
    return lines;
}

void TestNarrow::theEmptyPageShowsAllItsWords() {
    QFETCH(QSize, size);
    QFETCH(int, percent);
    WindowFixture f;
    f.start();
    app::Settings settings = f.controller->settings();
    settings.textSize = percent;
    f.controller->applySettings(settings);
    f.window->resize(size);
    QTest::qWait(30);
    WindowFixture::picture(
        f.window.get(), QStringLiteral("empty-%1x%2-%3").arg(size.width()).arg(size.height()).arg(percent));
    int cards = 0;
    for (auto* card : f.window->page()->emptyState()->findChildren<QAbstractButton*>()) {
        ++cards;
        const QString words = card->accessibleName().section(QStringLiteral(": "), 1);
        const QFontMetrics font(Theme::current().label);
        const QRect needed =
            font.boundingRect(QRect(0, 0, card->width() - 32, 9999), Qt::TextWordWrap, words);
        const int lines = qRound(1.0 * needed.height() / font.lineSpacing());
        QVERIFY2(linesIn(card->grab().toImage()) >= 1 + lines, qPrintable(words));
        QVERIFY(card->height() > needed.height() + font.height());
    }
    QCOMPARE(cards, 3);
    Theme::apply(Theme::darkTheme());
}

void TestNarrow::theInspectorHidesWhatItLiesOver() {
    WindowFixture f;
    f.start();
    f.window->resize(900, 700);
    f.window->actions().inspector->trigger();
    QTRY_VERIFY(f.window->panes()->rightOverlays() && f.window->panes()->isRightOpen());
    QTest::qWait(150); // what is said in the window is there
    const QRect over(f.window->width() - ui::metrics::inspectorMin, 0, ui::metrics::inspectorMin,
                     f.window->height());
    const QImage with = f.window->grab(over).toImage();
    f.window->page()->hide();
    QCOMPARE(with, f.window->grab(over).toImage());
}

void TestNarrow::aHeadingKeepsItsName() {
    ui::ViewHeading heading(ui::ViewHeading::Mark::Window, QStringLiteral("Where sink 0 is"));
    heading.setHint(QStringLiteral("280 slots"));
    heading.resize(heading.minimumSizeHint().width() + 30, heading.height());
    const QRect name(0, 0, heading.minimumSizeHint().width(), heading.height());
    const QImage alone = heading.grab(name).toImage();
    heading.setValue(QStringLiteral("7 %"), QStringLiteral("1,024 tokens back, and so the model is told"));
    QCOMPARE(heading.grab(name).toImage(), alone);
    QVERIFY(heading.toolTip().contains(QStringLiteral("so the model is told"))); // all of it
}

QTEST_MAIN(TestNarrow)
#include "tst_narrow.moc"
