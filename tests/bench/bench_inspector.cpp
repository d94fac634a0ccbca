#include "tests/ui/inspector_world.h"
#include "ui/inspector/attention_row.h"
#include "ui/inspector/head_map.h"
#include "ui/inspector/head_scatter.h"
#include "ui/inspector/lens.h"
#include "ui/inspector/position_map.h"
#include "ui/inspector/ring_glyph.h"
#include "ui/inspector/sinks_row.h"
#include "ui/inspector/time_strip.h"
#include "ui/inspector/window_grid.h"

#include <benchmark/benchmark.h>

#include <QApplication>

// What one frame of a painted view costs the thread of the window: W = 4,096, 32 layers x 32 heads, 344 pixels
// wide, on a picture with 1 or 2 device pixels for one of ours. "frame" is a new token seen: numbers put in
// order and painted; the others paint only. Run with QT_QPA_PLATFORM=offscreen.
namespace {

using namespace ui;

/// A full window of 4,096 that has been looked at; a new token whenever one is asked for.
struct Scene {
    test::ShowEngine engine{4, 4092, 32, 32};
    app::InspectorFeed feed{engine};
    InspectorState state{feed};
    Scene() {
        Theme::loadFonts();
        Theme::apply(Theme::darkTheme());
        feed.catchUp(std::make_shared<test::WordTokenizer>(), {});
        feed.setWanted({engine::CaptureLevel::Mass, 0});
        engine.reset();
        test::tellStory(engine, 6000);
        next();
    }
    void next() {
        test::tellStory(engine, 1);
        test::lookAround(engine);
        engine::CacheStatus status;
        status.window = 4092;
        status.sinks = 4;
        feed.catchUp(std::make_shared<test::WordTokenizer>(), status);
    }
};

Scene& scene() {
    static Scene made;
    return made;
}

void paintInto(QWidget& view, QImage& image) {
    QPainter painter(&image);
    view.render(&painter, QPoint(), QRegion(), QWidget::DrawChildren);
}

QImage canvas(const QWidget& view, double ratio) {
    QImage image(view.size() * ratio, QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(ratio);
    image.fill(Qt::black);
    return image;
}

template <class View, class... More>
void paintView(benchmark::State& run, int high, More... more) {
    View view(scene().state, more...);
    view.setFixedSize(344, high);
    QImage image = canvas(view, static_cast<double>(run.range(0)));
    for (auto _ : run) {
        run.PauseTiming();
        scene().next();
        run.ResumeTiming();
        paintInto(view, image);
        benchmark::DoNotOptimize(image.bits());
    }
}

void sinksRow(benchmark::State& run) {
    paintView<SinksRow>(run, 44);
}
void windowGrid(benchmark::State& run) {
    paintView<WindowGrid>(run, 192);
}
void lens(benchmark::State& run) {
    paintView<Lens>(run, 44);
}
void ringGlyph(benchmark::State& run) {
    paintView<RingGlyph>(run, RingGlyph::Side);
}
void positionMap(benchmark::State& run) {
    paintView<PositionMap>(run, 60);
}
void headMap(benchmark::State& run) {
    paintView<HeadMap>(run, 190, HeadMap::Axes::Shown);
}
void headScatter(benchmark::State& run) {
    paintView<HeadScatter>(run, 156);
}
void attentionRow(benchmark::State& run) {
    paintView<AttentionRow>(run, 130);
}
void timeStrip(benchmark::State& run) {
    paintView<TimeStrip>(run, 52);
}

/// All that the Cache tab shows, with the strip: what a token costs while the Inspector is open.
void cacheTab(benchmark::State& run) {
    QWidget root;
    int top = 0;
    const auto add = [&](QWidget* view, int high) {
        view->setParent(&root);
        view->setFixedHeight(high);
        view->setGeometry(0, top, 344, high);
        top += high;
    };
    add(new SinksRow(scene().state), 44);
    add(new WindowGrid(scene().state), 192);
    add(new Lens(scene().state), 44);
    add(new RingGlyph(scene().state), RingGlyph::Side);
    add(new PositionMap(scene().state), 60);
    add(new HeadMap(scene().state, HeadMap::Axes::Hidden), 66);
    add(new TimeStrip(scene().state), 52);
    root.setFixedSize(344, top);
    QImage image = canvas(root, static_cast<double>(run.range(0)));
    for (auto _ : run) {
        run.PauseTiming();
        scene().next();
        run.ResumeTiming();
        paintInto(root, image);
        benchmark::DoNotOptimize(image.bits());
    }
}

/// Not painting: the numbers of a new token put in order for the views.
void feedOnly(benchmark::State& run) {
    for (auto _ : run) {
        run.PauseTiming();
        test::tellStory(scene().engine, 1);
        test::lookAround(scene().engine);
        engine::CacheStatus status;
        status.window = 4092;
        run.ResumeTiming();
        scene().feed.catchUp(nullptr, status);
    }
}

constexpr auto Ms = benchmark::kMillisecond;
BENCHMARK(cacheTab)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(sinksRow)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(windowGrid)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(lens)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(ringGlyph)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(positionMap)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(headMap)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(headScatter)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(attentionRow)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(timeStrip)->Arg(1)->Arg(2)->Unit(Ms);
BENCHMARK(feedOnly)->Unit(Ms);

} // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
