#include "kernels/cuda/kernels/tensor_cores.h"
#include "kernels/cuda/shim/fibers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

// The shim itself: it finds what a card would not tell.
namespace {

using namespace kernels::cuda;

struct Arguments {
    float* out;
    int mode;
};

class CudaShim : public testing::Test {
protected:
    void TearDown() override { shim::setOrder(shim::Order::Forward); }

    template <void (*KERNEL)(Arguments)>
    static void run(Arguments arguments, shim::Size3 grid = {}, unsigned threads = 64) {
        shim::launch(
            grid, threads, [](const void* given) { KERNEL(*static_cast<const Arguments*>(given)); },
            &arguments);
    }
    template <void (*KERNEL)(Arguments)>
    static std::string errorOf(Arguments arguments, unsigned threads = 64) {
        try {
            run<KERNEL>(arguments, {}, threads);
        } catch (const shim::KernelError& error) {
            return error.what();
        }
        return "";
    }
};

void fillPlaces(Arguments a) {
    a.out[itemIndex() + itemCount() * blockY()] =
        static_cast<float>(100 * blockY() + 10 * blockX() + threadIndex() % 10);
}

TEST_F(CudaShim, EveryThreadOfEveryBlockRunsOnce) {
    for (const shim::Order order : {shim::Order::Forward, shim::Order::Reverse}) {
        shim::setOrder(order);
        std::vector<float> out(3 * 2 * 64, -1);
        run<fillPlaces>({out.data(), 0}, {3, 2, 1});
        for (std::size_t i = 0; i < out.size(); ++i)
            ASSERT_EQ(out[i], static_cast<float>(100 * (i / 192) + 10 * (i / 64 % 3) + i % 64 % 10));
    }
}

void sumEverything(Arguments a) {
    const float warp = sumOfLanes(static_cast<float>(threadIndex()));
    const float eight = sumOfLanes<8>(1.0f);
    const float block = sumOfBlock(static_cast<float>(threadIndex()));
    a.out[threadIndex()] = warp + 1000 * eight + 10000 * block;
}

TEST_F(CudaShim, LanesAndBlocksExchangeNumbers) {
    for (const shim::Order order : {shim::Order::Forward, shim::Order::Reverse}) {
        shim::setOrder(order);
        std::vector<float> out(64);
        run<sumEverything>({out.data(), 0});
        for (int i = 0; i < 64; ++i)
            ASSERT_EQ(out[static_cast<std::size_t>(i)], (i < 32 ? 496.0f : 1520.0f) + 8000 + 10000 * 2016.0f);
    }
}

/// Four signed bytes that differ everywhere.
std::uint32_t someBytes(int row, int column, int seed) {
    std::uint32_t word = 0;
    for (int i = 0; i < 4; ++i)
        word |= static_cast<std::uint32_t>((37 * row + 11 * (column + i) + seed) % 256) << (8 * i);
    return word;
}
int byteAt(int row, int column, int seed) {
    return static_cast<std::int8_t>((37 * row + 11 * column + seed) % 256);
}

// Each lane brings and keeps what tensor_cores.h says. mode: the depth, 16 or 32.
void multiplySmallMatrices(Arguments a) {
    const int group = laneIndex() / 4, inGroup = laneIndex() % 4;
    std::uint32_t rows[4], columns[2];
    for (int i = 0; i < 4; ++i)
        rows[i] = someBytes(group + 8 * (i % 2), 4 * inGroup + 16 * (i / 2), 5);
    for (int i = 0; i < 2; ++i)
        columns[i] = someBytes(group, 4 * inGroup + 16 * i, 9);
    int sums[] = {1, 2, 3, 4};
    if (a.mode == 16)
        addProducts16(sums, rows, columns[0]);
    else
        addProducts32(sums, rows, columns);
    for (int i = 0; i < 4; ++i)
        a.out[128 * warpIndex() + 8 * (group + 8 * (i / 2)) + 2 * inGroup + i % 2] =
            static_cast<float>(sums[i] - 1 - i);
}

TEST_F(CudaShim, LanesMultiplySmallMatricesTogether) {
    for (const shim::Order order : {shim::Order::Forward, shim::Order::Reverse})
        for (const int depth : {16, 32}) {
            shim::setOrder(order);
            std::vector<float> out(2 * 128);
            run<multiplySmallMatrices>({out.data(), depth});
            for (int i = 0; i < 256; ++i) {
                int expected = 0;
                for (int k = 0; k < depth; ++k)
                    expected += byteAt(i % 128 / 8, k, 5) * byteAt(i % 8, k, 9);
                ASSERT_EQ(out[static_cast<std::size_t>(i)], static_cast<float>(expected))
                    << depth << " " << i;
            }
        }
}

void divergent(Arguments a) {
    if (a.mode == 0 && threadIndex() < 7)
        syncBlock();
    if (a.mode == 1) {
        if (threadIndex() % 2 == 0)
            syncBlock();
        else
            syncBlock();
    }
    if (a.mode == 2 && threadIndex() != 40)
        a.out[threadIndex()] = sumOfLanes(1.0f);
    if (a.mode == 3)
        a.out[threadIndex()] = threadIndex() % 2 ? sumOfLanes(1.0f) : sumOfLanes(2.0f);
    if (a.mode == 4 && threadIndex() < 32)
        a.out[threadIndex()] = sumOfLanes(1.0f); // whole warps may
}

TEST_F(CudaShim, DivergentBarriersAndExchangesAreErrors) {
    float out[64];
    for (const int mode : {0, 1, 2, 3})
        EXPECT_NE(errorOf<divergent>({out, mode}).find("divergent"), std::string::npos) << mode;
    EXPECT_EQ(errorOf<divergent>({out, 4}), "");
}

void readsTooEarly(Arguments a) {
    GPU_SHARED(float, numbers, 64);
    if (a.mode == 0)
        numbers[threadIndex()] = 1.0f;
    syncBlock();
    a.out[threadIndex()] = numbers[threadIndex()];
}

TEST_F(CudaShim, SharedMemoryBeginsAsNaNInEveryBlock) {
    std::vector<float> out(64, 0.0f);
    run<readsTooEarly>({out.data(), 0});
    EXPECT_EQ(out, std::vector<float>(64, 1.0f));
    run<readsTooEarly>({out.data(), 1});
    for (const float value : out)
        EXPECT_TRUE(std::isnan(value));
}

void races(Arguments a) {
    GPU_SHARED(float, numbers, 65);
    if (threadIndex() == 0)
        numbers[64] = 0.0f;
    numbers[threadIndex()] = static_cast<float>(threadIndex());
    if (a.mode == 0)
        syncBlock();
    a.out[threadIndex()] = numbers[threadIndex() + 1];
}

TEST_F(CudaShim, AMissingBarrierGivesOtherResultsInTheOtherOrder) {
    for (const int mode : {0, 1}) {
        std::vector<float> out[2] = {std::vector<float>(64), std::vector<float>(64)};
        for (const shim::Order order : {shim::Order::Forward, shim::Order::Reverse}) {
            shim::setOrder(order);
            run<races>({out[static_cast<std::size_t>(order)].data(), mode});
        }
        EXPECT_EQ(out[0] == out[1], mode == 0);
    }
}

void greedy(Arguments a) {
    GPU_SHARED(float, numbers, 12 * 1024);
    GPU_SHARED(float, more, 1);
    numbers[0] = more[0] = a.out[0];
}

TEST_F(CudaShim, LaunchesThatNoCardTakesAreErrors) {
    float out[64] = {};
    EXPECT_NE(errorOf<greedy>({out, 0}).find("shared memory"), std::string::npos);
    EXPECT_NE(errorOf<divergent>({out, 9}, 33), "");
    EXPECT_NE(errorOf<divergent>({out, 9}, 2048), "");
    EXPECT_EQ(errorOf<divergent>({out, 9}, 1024), "") << "a failed launch leaves nothing behind";
}

} // namespace
