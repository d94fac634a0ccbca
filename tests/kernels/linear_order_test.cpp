#include "kernels/cpu/linear_order.h"

#include "tests/kernels/linear_support.h"

#include <cstring>

// What the CPU learns of the order of products, and that a wrong guess costs nothing but time.
namespace {

using namespace kernels;
using namespace test;

const std::byte* at(std::size_t place) {
    static const std::vector<std::byte> memory(100);
    return memory.data() + place;
}

class Calls {
public:
    void pass(std::initializer_list<std::size_t> places) {
        for (const std::size_t place : places)
            m_order.passed(at(place), [&] {
                ++made;
                return LinearOrder::Starts{at(place), at(place) + 1};
            });
    }
    /// The call expected after this one, or 0.
    std::size_t after(std::size_t place) const {
        const auto starts = m_order.after(at(place));
        return starts.empty() ? 0 : static_cast<std::size_t>(starts[0] - at(0));
    }
    int made = 0;

private:
    LinearOrder m_order;
};

TEST(LinearOrderTest, OneRoundIsEnoughAndTheLastCallLeadsToTheFirst) {
    Calls calls;
    calls.pass({10, 20, 30});
    EXPECT_EQ(calls.after(10), 20u);
    EXPECT_EQ(calls.after(20), 30u);
    EXPECT_EQ(calls.after(30), 0u) << "not seen yet";
    calls.pass({10, 20, 30, 10, 20, 30});
    EXPECT_EQ(calls.after(30), 10u);
    EXPECT_EQ(calls.made, 3) << "what is known costs nothing";
}

TEST(LinearOrderTest, FollowsWhatChanges) {
    Calls calls;
    calls.pass({10, 20, 10, 30});
    EXPECT_EQ(calls.after(10), 30u) << "the newest of two experts";
    calls.pass({10, 20});
    EXPECT_EQ(calls.after(10), 20u);
}

TEST(LinearOrderTest, ForgetsBeforeItGrowsForEver) {
    LinearOrder order;
    std::vector<std::byte> memory(200000);
    for (const std::byte& call : memory)
        order.passed(&call, [&] { return LinearOrder::Starts{&call}; });
    std::size_t known = 0;
    for (const std::byte& call : memory)
        known += order.after(&call).empty() ? 0 : 1;
    EXPECT_LE(known, 65536u);
    EXPECT_GT(known, 0u);
}

// Two models in turn; then one goes, and another takes its place in memory.
TEST(LinearOrderTest, SurvivesWeightsThatGo) {
    ThreadPool pool(3);
    const Isa isa = chooseIsa("");
    Linear linear(pool, isa, ActivationPrecision::Int8);
    const std::int64_t rows = 400, cols = 512;
    std::vector<StoredMatrix> matrices;
    for (unsigned i = 0; i < 4; ++i)
        matrices.emplace_back(DType::Q4_0, rows, cols, i + 1);
    const auto pack = [&](std::size_t i) {
        matrices[i].host.data = matrices[i].bytes.data();
        return packWeight(matrices[i].host, pool, isa, ActivationPrecision::Int8);
    };
    const std::vector<float> x = randomValues(cols, 9);
    std::vector<std::vector<float>> alone;
    for (std::size_t i = 0; i < 4; ++i) {
        Linear own(pool, isa, ActivationPrecision::Int8);
        alone.push_back(multiply(*pack(i), own, x, 1));
    }
    std::vector<std::unique_ptr<PackedWeight>> weights;
    for (std::size_t i = 0; i < 4; ++i)
        weights.push_back(pack(i));
    for (int round = 0; round < 50; ++round) {
        for (const std::size_t i : {0, 1, 2, 3}) {
            if (weights[i]) {
                ASSERT_EQ(multiply(*weights[i], linear, x, 1), alone[i]) << "round " << round;
            }
        }
        if (round % 5 == 4) {
            const auto which = static_cast<std::size_t>(round / 5) % 4;
            weights[which] = weights[which] ? nullptr : pack(which);
        }
    }
}

} // namespace
