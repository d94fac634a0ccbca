#include "engine/read_speed.h"

#include <gtest/gtest.h>

namespace engine {
namespace {

constexpr std::size_t Bytes = 8'000'000;
constexpr double Quiet = 0.0004; // seconds: 20 GB/s

/// A hundred passes, of which every second, third, ... has waited for another program.
std::vector<double> passes(int disturbedEvery) {
    std::vector<double> seconds;
    for (int i = 0; i < 100; ++i)
        seconds.push_back(i % disturbedEvery == 0 ? 12 * Quiet : Quiet * (1 + 0.001 * (i % 7)));
    return seconds;
}

TEST(ReadSpeed, IsTheSameOnAMachineThatIsHalfBusy) {
    const double quiet = readSpeedOf(Bytes, passes(1000));
    EXPECT_NEAR(quiet, 20e9, 0.01 * 20e9);
    for (const int disturbedEvery : {2, 3, 10})
        EXPECT_NEAR(readSpeedOf(Bytes, passes(disturbedEvery)), quiet, 0.01 * quiet) << disturbedEvery;
}

TEST(ReadSpeed, IsNotThatOfOneLuckyPass) {
    std::vector<double> seconds = passes(1000);
    seconds[50] = Quiet / 10;
    EXPECT_NEAR(readSpeedOf(Bytes, seconds), 20e9, 0.01 * 20e9);
}

TEST(ReadSpeed, FewPassesAndNone) {
    EXPECT_EQ(readSpeedOf(Bytes, {}), 0);
    EXPECT_EQ(readSpeedOf(1000, {0.5}), 2000);
    EXPECT_EQ(readSpeedOf(1000, {0.5, 4}), 2000);
}

TEST(ReadSpeed, IsMeasuredAndStopped) {
    EXPECT_GT(measureReadSpeed(1, std::chrono::milliseconds(5), {}), 0);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(measureReadSpeed(1, std::chrono::milliseconds(5), stop.get_token()), 0);
}

} // namespace
} // namespace engine
