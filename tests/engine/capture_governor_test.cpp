#include "engine/capture_governor.h"

#include <gtest/gtest.h>

namespace {

using engine::CaptureGovernor;
using engine::CaptureLevel;
using engine::CaptureRequest;

/// Plays tokens that take 5 ms, and `extra` of that more while attention is looked at.
int play(CaptureGovernor& governor, const CaptureRequest& wanted, int tokens, double extraAtMass,
         double extraAtShares) {
    int looked = 0;
    for (int i = 0; i < tokens; ++i) {
        const CaptureLevel level = governor.next(wanted).level;
        const double extra = level >= CaptureLevel::Mass     ? extraAtMass
                             : level == CaptureLevel::Shares ? extraAtShares
                                                             : 0;
        looked += level > CaptureLevel::Map ? 1 : 0;
        governor.tokenDone(0.005 * (1 + extra));
    }
    return looked;
}

TEST(CaptureGovernor, TellsTheCostItMeasures) {
    CaptureGovernor governor;
    EXPECT_LT(governor.cost(), 0);
    play(governor, {CaptureLevel::Mass, 0}, 256, 0.02, 0.01);
    EXPECT_NEAR(governor.cost(), 0.02, 1e-4);
    EXPECT_EQ(governor.level(), CaptureLevel::Mass);
    EXPECT_FALSE(governor.lowered());
}

// C6: 10 % dearer at C2. A check is the end of a block without a look, once there are three of each kind: the
// third, fourth and (the first of the rare ones) 64th block.
TEST(CaptureGovernor, GoesDownAtTheThirdCheckWhenItIsTooDear) {
    CaptureGovernor governor;
    const int thirdCheck = CaptureGovernor::RareBlocks * CaptureGovernor::BlockTokens;
    play(governor, {CaptureLevel::Mass, 0}, thirdCheck - 1, 0.10, 0.01);
    EXPECT_EQ(governor.level(), CaptureLevel::Mass) << "two checks may be chance";
    EXPECT_NEAR(governor.cost(), 0.10, 1e-3);
    play(governor, {CaptureLevel::Mass, 0}, 1, 0.10, 0.01);
    EXPECT_EQ(governor.level(), CaptureLevel::Shares);
    EXPECT_TRUE(governor.lowered());
    play(governor, {CaptureLevel::Mass, 0}, 20000, 0.10, 0.01);
    EXPECT_EQ(governor.level(), CaptureLevel::Shares) << "what is left costs 1 %";
    EXPECT_NEAR(governor.cost(), 0.01, 1e-3);
}

TEST(CaptureGovernor, GoesDownToNothingWhenEveryLookIsTooDear) {
    CaptureGovernor governor;
    play(governor, {CaptureLevel::Rows, 0}, 40000, 0.10, 0.10);
    EXPECT_EQ(governor.level(), CaptureLevel::Map);
}

TEST(CaptureGovernor, KeepsTheLevelThroughOneBadCheck) {
    CaptureGovernor governor;
    const CaptureRequest wanted{CaptureLevel::Mass, 0};
    play(governor, wanted, 96, 0.01, 0.01);
    play(governor, wanted, 16, 2.0, 2.0);
    play(governor, wanted, 20000, 0.01, 0.01);
    EXPECT_EQ(governor.level(), CaptureLevel::Mass);
}

TEST(CaptureGovernor, IsNotFooledByABusyMachine) {
    CaptureGovernor governor;
    unsigned state = 1; // times jump by up to 60 %, with and without a look alike
    for (int i = 0; i < 40000; ++i) {
        governor.next({CaptureLevel::Mass, 0});
        if (i % 16 == 0)
            state = state * 1664525u + 1013904223u;
        governor.tokenDone(0.005 * (1 + 0.6 * static_cast<double>(state >> 8) / (1 << 24)));
    }
    EXPECT_EQ(governor.level(), CaptureLevel::Mass);
}

TEST(CaptureGovernor, LeavesOutFewTokensInTheLongRun) {
    CaptureGovernor governor;
    play(governor, {CaptureLevel::Mass, 0}, 128, 0.01, 0.01);
    EXPECT_GE(play(governor, {CaptureLevel::Mass, 0}, 64 * 16 * 4, 0.01, 0.01), 64 * 16 * 4 * 98 / 100);
}

TEST(CaptureGovernor, DoesNotMeddleWithHiddenOrRecording) {
    CaptureGovernor governor;
    EXPECT_EQ(play(governor, {CaptureLevel::Map, 0}, 500, 1, 1), 0);
    EXPECT_EQ(play(governor, {CaptureLevel::Record, 0}, 500, 1, 1), 500);
    EXPECT_LT(governor.cost(), 0);
}

} // namespace
