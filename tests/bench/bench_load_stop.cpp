// How long a stop takes while a model is being loaded, at random moments. Arguments: a model file, how many stops, a device (cpu). Prints the
// time that the whole takes, then the median and the worst of the stops, when these were asked for, and the processor time (of all threads)
// that went by after each, which does not depend on what else the machine does.
#include "engine/service.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double processorMilliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

double milliseconds(Clock::duration length) {
    return std::chrono::duration<double, std::milli>(length).count();
}

/// Until the last event of the only request; true where the model was loaded.
bool awaitEnd(engine::Service& service) {
    for (;;)
        for (const engine::EngineEvent& event : service.waitForEvents()) {
            if (const auto* failed = std::get_if<engine::Failed>(&event)) {
                std::fprintf(stderr, "%s\n", failed->sentence.c_str());
                std::exit(1);
            }
            if (std::holds_alternative<engine::ModelLoaded>(event))
                return true;
            if (std::holds_alternative<engine::LoadCancelled>(event))
                return false;
        }
}

struct Stop {
    double asked, took, worked; // ms
};

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: bench_load_stop MODEL STOPS [DEVICE]\n");
        return 2;
    }
    engine::LoadOptions options;
    options.device.device = argc > 3 ? argv[3] : "cpu";
    double whole = 0;
    for (int i = 0; i < 2; ++i) { // the second time the file is in memory
        engine::Service service;
        const auto begin = Clock::now();
        service.load(argv[1], options);
        awaitEnd(service);
        whole = milliseconds(Clock::now() - begin);
    }
    std::mt19937 random(1);
    std::uniform_real_distribution<double> moment(0, whole);
    std::vector<Stop> stops;
    int late = 0;
    for (int i = 0; i < std::atoi(argv[2]); ++i) {
        engine::Service service;
        const double asked = moment(random);
        const engine::Reply reply = service.load(argv[1], options);
        std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(asked));
        const auto begin = Clock::now();
        const double worked = processorMilliseconds();
        reply.stop();
        late += awaitEnd(service);
        stops.push_back({asked, milliseconds(Clock::now() - begin), processorMilliseconds() - worked});
    }
    std::ranges::sort(stops, {}, &Stop::took);
    std::printf("loading takes %.0f ms; of %zu stops %d came too late; median %.1f ms, worst:", whole,
                stops.size(), late, stops[stops.size() / 2].took);
    for (std::size_t i = stops.size(); i-- > stops.size() - std::min<std::size_t>(5, stops.size());)
        std::printf(" %.1f ms (asked at %.0f, worked %.1f)", stops[i].took, stops[i].asked, stops[i].worked);
    std::printf("\n");
}
