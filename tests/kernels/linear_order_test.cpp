#include "kernels/cpu/linear_order.h"

#include "tests/kernels/linear_support.h"

#include <span>

// What the CPU learns of the order of products, and that a wrong guess costs nothing but time.
namespace {

using namespace kernels;
using namespace test;

class Calls {
public:
    /// What is expected after the last of these calls, or 0.
    std::size_t pass(std::initializer_list<std::size_t> places) {
        std::span<const std::byte* const> next;
        for (const std::size_t place : places)
            next = m_order.passed(&m_memory[place], [&] {
                ++made;
                return LinearOrder::Starts{&m_memory[place], &m_memory[place] + 1};
            });
        return next.empty() ? 0 : static_cast<std::size_t>(next[0] - m_memory.data());
    }
    int made = 0;

private:
    std::vector<std::byte> m_memory = std::vector<std::byte>(100);
    LinearOrder m_order;
};

TEST(LinearOrderTest, OneRoundIsEnoughAndTheLastCallLeadsToTheFirst) {
    Calls calls;
    EXPECT_EQ(calls.pass({10}), 0u);
    EXPECT_EQ(calls.pass({20}), 0u);
    EXPECT_EQ(calls.pass({30}), 0u);
    EXPECT_EQ(calls.pass({10}), 20u);
    EXPECT_EQ(calls.pass({20}), 30u);
    EXPECT_EQ(calls.pass({30}), 10u);
    EXPECT_EQ(calls.pass({10}), 20u);
    EXPECT_EQ(calls.made, 3) << "what is known costs nothing";
}

TEST(LinearOrderTest, FollowsWhatChanges) {
    Calls calls;
    EXPECT_EQ(calls.pass({10, 20, 10}), 20u);
    EXPECT_EQ(calls.pass({30, 10}), 30u) << "the newest of two experts";
    EXPECT_EQ(calls.pass({20, 10}), 20u);
    EXPECT_EQ(calls.made, 3);
}

TEST(LinearOrderTest, ForgetsBeforeItGrowsForEver) {
    LinearOrder order;
    std::vector<std::byte> memory(200000);
    int made = 0;
    const auto pass = [&](std::size_t call) {
        return order.passed(&memory[call], [&] {
            ++made;
            return LinearOrder::Starts{&memory[call]};
        });
    };
    for (std::size_t call = 0; call < memory.size(); ++call)
        EXPECT_TRUE(pass(call).empty());
    EXPECT_TRUE(pass(0).empty()) << "forgotten";
    EXPECT_EQ(made, 200001);
    EXPECT_EQ(pass(199998).data()[0], &memory[199999]) << "the newest are known";
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
