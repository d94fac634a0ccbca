// Axes, text and legends of the painted views against pictures that were looked at. Cells are checked exactly
// elsewhere (tst_inspector_views.cpp).
#include "tests/ui/golden.h"
#include "tests/ui/inspector_world.h"
#include "ui/inspector/attention_row.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/head_scatter.h"
#include "ui/inspector/legend.h"
#include "ui/inspector/lens.h"
#include "ui/inspector/position_map.h"
#include "ui/inspector/ring_glyph.h"
#include "ui/inspector/sinks_row.h"
#include "ui/inspector/time_strip.h"
#include "ui/inspector/window_grid.h"

#include <QFile>

using namespace ui;

namespace {

constexpr int Wide = 320, Gap = 6;
const QString folder = QStringLiteral(SUMIDERO_SOURCE_DIR "/tests/ui/golden");

/// All views of a state under each other, with the places where they have text.
class Sheet {
public:
    explicit Sheet(InspectorState& state) {
        using R = QRect;
        add(new SinksRow(state), 44, {R(0, 0, Wide, 39)});
        add(new WindowGrid(state), 60, {});
        add(new Legend(state), 16, {R(0, 0, 40, 16), R(110, 0, 210, 16)});
        add(new Lens(state), 44, {R(0, 0, Wide, 17), R(0, 22, Wide, 17)});
        add(new RingGlyph(state), RingGlyph::Side, {});
        add(new PositionMap(state), 60, {R(0, 38, Wide, 22)});
        add(new HeadMap(state, HeadMap::Axes::Shown), 120, {R(0, 0, 33, 120), R(0, 82, Wide, 38)});
        add(new HeadScatter(state), 120, {R(0, 0, 33, 120), R(0, 98, Wide, 22)});
        add(new AttentionRow(state), 90, {R(0, 0, 37, 90), R(0, 72, Wide, 18)});
        add(new TimeStrip(state), 52, {});
    }

    QImage paint(double ratio) const {
        QImage image(QSize(Wide, m_height) * ratio, QImage::Format_RGB32);
        image.setDevicePixelRatio(ratio);
        image.fill(Theme::current().background);
        QPainter painter(&image);
        for (const auto& [view, top] : m_views)
            view->render(&painter, QPoint(0, top), QRegion(), QWidget::DrawChildren);
        return image;
    }
    const QList<QRect>& text() const { return m_text; }
    QRect all() const { return {0, 0, Wide, m_height}; }

private:
    void add(QWidget* view, int high, const QList<QRect>& text) {
        view->setParent(&m_root);
        view->setFixedSize(qobject_cast<RingGlyph*>(view) ? high : Wide, high);
        view->move(0, m_height);
        m_views.append({view, m_height});
        for (const QRect& box : text)
            m_text.append(box.translated(0, m_height));
        m_height += high + Gap;
    }
    QWidget m_root;
    QList<std::pair<QWidget*, int>> m_views;
    QList<QRect> m_text;
    int m_height = 0;
};

void roll(test::ShowEngine& engine, app::InspectorFeed& feed, int rowLayer) {
    engine.reset();
    for (int i = 0; i < 6; ++i) {
        test::tellStory(engine, 60);
        test::lookAround(engine, rowLayer);
        engine.show(feed);
    }
}

} // namespace

class TestInspectorGolden : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
        Theme::loadFonts();
        if (!QFile::exists(QStringLiteral(":/fonts/Inter-Regular.otf")))
            QSKIP("Inter was not there when this was built");
    }

    void picture_data() {
        QTest::addColumn<QString>("state");
        QTest::addColumn<bool>("dark");
        QTest::addColumn<int>("ratio");
        for (const bool dark : {true, false}) {
            const QString theme = dark ? QStringLiteral("dark") : QStringLiteral("light");
            for (const char* state : {"rolling", "pinned"}) {
                for (const int ratio : {1, 2})
                    QTest::addRow("%s-%s-%dx", state, qPrintable(theme), ratio)
                        << QString::fromLatin1(state) << dark << ratio;
            }
            QTest::addRow("empty-%s-1x", qPrintable(theme)) << QStringLiteral("empty") << dark << 1;
        }
    }
    void picture() {
        QFETCH(QString, state);
        QFETCH(bool, dark);
        QFETCH(int, ratio);
        Theme::apply(dark ? Theme::darkTheme() : Theme::lightTheme());
        test::ShowEngine engine(4, 84, 16, 6);
        app::InspectorFeed feed(engine);
        feed.catchUp(std::make_shared<test::WordTokenizer>(), {});
        feed.setWanted({engine::CaptureLevel::Rows, 9});
        InspectorState view(feed);
        if (state == QStringLiteral("pinned")) {
            roll(engine, feed, 9);
            view.setScope({9, 2});
            view.setScale(HeatScale::Lift);
            view.setOrder(SlotOrder::Logical);
            view.togglePin(300);
            view.togglePin(340);
            view.togglePin(1);
            view.setHovered(320);
            view.pause();
        } else if (state == QStringLiteral("rolling")) {
            roll(engine, feed, -1);
        }
        const Sheet sheet(view);
        // Where there is no data yet, everything is a sentence.
        const QList<QRect> text = state == QStringLiteral("empty") ? QList<QRect>{sheet.all()} : sheet.text();
        const QString problem = test::compareWithGolden(sheet.paint(ratio), folder,
                                                        QString::fromLatin1(QTest::currentDataTag()), text);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
    }

    /// The comparison itself notices a shifted axis and one missing label.
    void theComparisonCanFail() {
        const QImage golden(folder + QStringLiteral("/rolling-dark-1x.png"));
        QVERIFY(!golden.isNull());
        const QTemporaryDir own;
        const QString name = QStringLiteral("comparison");
        QVERIFY(golden.save(own.filePath(name + QStringLiteral(".png"))));
        const QImage shifted = golden.copy(1, 0, golden.width(), golden.height());
        QVERIFY(!test::compareWithGolden(shifted, own.path(), name, {}).isEmpty());
        QCOMPARE(test::compareWithGolden(golden, own.path(), name, {}), QString());
        for (const char* kind : {"actual", "expected", "diff"})
            QVERIFY(
                QFile::remove(QStringLiteral("golden-failures/%1-%2.png").arg(name, QLatin1String(kind))));
    }
};

QTEST_MAIN(TestInspectorGolden)
#include "tst_inspector_golden.moc"
