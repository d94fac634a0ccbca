#include "engine/recorder/frame_exchange.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

// The hand-over between the decode loop and the writer of a recording, state by state. Runs under ThreadSanitizer.
namespace {

using engine::FrameExchange;
using engine::RecordShape;
using engine::WhenBehind;
using Slot = FrameExchange::Slot;

const RecordShape shape{.layers = 1, .heads = 1, .sinkSlots = 1, .ringSlots = 3, .columns = 4};

struct Slots {
    explicit Slots(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            owned.push_back(std::make_unique<Slot>());
            all.push_back(owned.back().get());
        }
    }
    std::vector<std::unique_ptr<Slot>> owned;
    std::vector<Slot*> all;
};

/// Opened, told its shape and given frames.
void makeReady(FrameExchange& exchange, const Slots& slots) {
    exchange.open();
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), nullptr) << "it only tells the shape";
    ASSERT_TRUE(exchange.waitForShape());
    EXPECT_EQ(exchange.shape(), shape);
    ASSERT_TRUE(exchange.begin(slots.all));
}

TEST(FrameExchange, GivesNothingUntilItIsReady) {
    FrameExchange exchange;
    Slots slots(2);
    EXPECT_TRUE(exchange.isOff());
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), nullptr);
    exchange.open();
    EXPECT_TRUE(exchange.isOn());
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), nullptr);
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), nullptr) << "the frames are being made";
    ASSERT_TRUE(exchange.begin(slots.all));
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), &slots.all[0]->frame);
    EXPECT_TRUE(exchange.holds());
    EXPECT_EQ(exchange.dropped(), 0u) << "what came before the beginning is not missing";
}

TEST(FrameExchange, FramesComeInOrderAndDroppedTokensAreNumbered) {
    FrameExchange exchange;
    Slots slots(2);
    makeReady(exchange, slots);
    for (const int token : {7, 8}) {
        ASSERT_NE(exchange.take(shape, WhenBehind::Drop), nullptr);
        exchange.put(token);
    }
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), nullptr);
    EXPECT_EQ(exchange.take(shape, WhenBehind::AskAgain), nullptr);
    EXPECT_EQ(exchange.dropped(), 1u) << "who asks again loses nothing";
    Slot* first = exchange.next();
    EXPECT_EQ(first->token, 7);
    EXPECT_EQ(first->number, 0u);
    exchange.handBack(first);
    ASSERT_NE(exchange.take(shape, WhenBehind::Drop), nullptr);
    exchange.put(10);
    EXPECT_EQ(exchange.next()->number, 1u);
    EXPECT_EQ(exchange.next()->number, 3u) << "number 2 is missing";
}

TEST(FrameExchange, AFrameGivenBackIsTakenAgainAndCountsOnce) {
    FrameExchange exchange;
    Slots slots(2);
    makeReady(exchange, slots);
    const auto* frame = exchange.take(shape, WhenBehind::Drop);
    exchange.giveBack();
    exchange.giveBack(); // nothing happens
    EXPECT_FALSE(exchange.holds());
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), frame);
    exchange.put(1);
    EXPECT_EQ(exchange.next()->number, 0u);
}

TEST(FrameExchange, ClosingHandsOutTheRest) {
    FrameExchange exchange;
    Slots slots(3);
    makeReady(exchange, slots);
    for (const int token : {1, 2}) {
        exchange.take(shape, WhenBehind::Drop);
        exchange.put(token);
    }
    exchange.close();
    EXPECT_FALSE(exchange.isOn());
    EXPECT_EQ(exchange.take(shape, WhenBehind::Drop), nullptr);
    EXPECT_EQ(exchange.next()->token, 1);
    EXPECT_EQ(exchange.next()->token, 2);
    EXPECT_EQ(exchange.next(), nullptr);
    exchange.leave();
    EXPECT_TRUE(exchange.isOff());
    exchange.close(); // nothing is left to close
    EXPECT_TRUE(exchange.isOff());
}

TEST(FrameExchange, ItMayBeClosedInEveryState) {
    for (int state = 0; state < 3; ++state) {
        FrameExchange exchange;
        Slots slots(1);
        exchange.open();
        if (state > 0)
            exchange.take(shape, WhenBehind::Drop);
        if (state > 1) {
            ASSERT_TRUE(exchange.waitForShape());
            ASSERT_TRUE(exchange.begin(slots.all));
        }
        exchange.close();
        if (state < 2) {
            EXPECT_FALSE(exchange.waitForShape() && exchange.begin(slots.all)) << state;
        } else {
            EXPECT_EQ(exchange.next(), nullptr);
        }
        exchange.leave();
        EXPECT_TRUE(exchange.isOff());
    }
}

TEST(FrameExchange, AnotherShapeEndsItAndTheNextRunBeginsAnew) {
    FrameExchange exchange;
    Slots slots(1);
    makeReady(exchange, slots);
    RecordShape other = shape;
    other.ringSlots = 9;
    EXPECT_EQ(exchange.take(other, WhenBehind::Drop), nullptr);
    EXPECT_TRUE(exchange.shapeChanged());
    EXPECT_EQ(exchange.next(), nullptr);
    exchange.leave();
    exchange.open();
    EXPECT_FALSE(exchange.shapeChanged());
    exchange.take(other, WhenBehind::Drop);
    ASSERT_TRUE(exchange.waitForShape());
    EXPECT_EQ(exchange.shape(), other);
}

// Both threads at once, closed in the middle of it: every token is written or counted, in order, and the writer never leaves while
// the loop holds a frame.
TEST(FrameExchange, NothingIsLostBetweenTwoThreads) {
    using namespace std::chrono_literals;
    for (int round = 0; round < 20; ++round) {
        FrameExchange exchange;
        Slots slots(3);
        exchange.open();
        std::atomic<bool> quit = false;
        std::atomic<std::uint64_t> put = 0;
        std::jthread loop([&] {
            for (int token = 0; !quit; ++token) {
                if (auto* frame = exchange.take(shape, WhenBehind::Drop)) {
                    frame->sequence = static_cast<std::uint64_t>(token); // the writer must not touch it now
                    if (token % 5 == 4) {
                        exchange.giveBack();
                    } else {
                        ++put;
                        exchange.put(token);
                    }
                }
            }
        });
        ASSERT_TRUE(exchange.waitForShape());
        ASSERT_TRUE(exchange.begin(slots.all));
        std::jthread closer([&] {
            std::this_thread::sleep_for(1ms * (round % 4));
            exchange.close();
        });
        std::uint64_t written = 0, last = 0;
        while (Slot* slot = exchange.next()) {
            EXPECT_EQ(slot->frame.sequence, static_cast<std::uint64_t>(slot->token));
            if (written > 0) {
                EXPECT_GT(slot->number, last);
            }
            last = slot->number;
            ++written;
            exchange.handBack(slot);
        }
        exchange.leave();
        EXPECT_EQ(written, put.load());
        quit = true;
    }
}

} // namespace
