#include "kernels/devices.h"
#include "tests/kernels/attention_fixture.h"

#include <stdexcept>

// The contract of kernels::Backend between operations: a step's inputs are named by number, tensors are handles, results are there after
// wait(), and layers of one cache may differ.
namespace {

using kernels::KeyRun;
using kernels::KvShape;
using kernels::KvType;
using kernels::Tensor;
using test::GuardedBuffer;
using test::runStep;

class StepTest : public AttentionFixture {
protected:
    std::unique_ptr<kernels::Backend> m_backend = makeBackend(2);
};

TEST_P(StepTest, OperationsTakeTheStepsInputsByNumber) {
    constexpr int rows = 6, dim = 32;
    const auto table = test::randomFloats(rows * dim, 1);
    const auto weight = m_backend->makeWeight(
        {kernels::DType::F32, rows, dim, reinterpret_cast<const std::byte*>(table.data())});
    const std::int32_t tokens[] = {5, 0, 5};
    const std::int32_t slots[] = {2, 7, 0};
    // Tables of different lengths; the second turns by a quarter, the third is named by nobody.
    const std::vector<float> still(3 * 16, 1.0f);
    std::vector<float> quarter;
    for (int i = 0; i < 3 * dim / 2; ++i)
        quarter.insert(quarter.end(), {0.0f, 1.0f});
    const std::span<const float> angles[] = {still, quarter, {}};

    auto cache = m_backend->makeKvCache(shapeOf(1, dim, 0, 8, KvType::F32, KvType::F32));
    GuardedBuffer x(*m_backend, 3, dim), turned(*m_backend, 3, dim);
    runStep(*m_backend, {.tokens = tokens, .slots = slots, .angles = angles}, [&] {
        m_backend->embed(*weight, x.tensor());
        m_backend->rope(x.tensor(), dim, dim, kernels::RopePairing::Norm, 1, turned.tensor());
        m_backend->storeKv(*cache, 1, x.tensor(), turned.tensor());
    });
    const auto found = x.get(), after = turned.get();
    std::vector<float> key(dim), value(dim);
    for (std::size_t token = 0; token < 3; ++token) {
        const auto* const own = table.data() + tokens[token] * dim;
        cache->readKey(1, 0, slots[token], key);
        cache->readValue(1, 0, slots[token], value);
        for (std::size_t i = 0; i < dim; ++i) {
            ASSERT_EQ(found[token * dim + i], own[i]);
            ASSERT_EQ(key[i], own[i]);
            ASSERT_EQ(after[token * dim + i], i % 2 == 0 ? -own[i + 1] : own[i - 1]);
            ASSERT_EQ(value[i], after[token * dim + i]);
        }
    }
}

TEST_P(StepTest, EachViewIsItsOwn) {
    const auto cache = filledCache(*m_backend, shapeOf(1, 16, 2, 30));
    const std::vector<std::vector<KeyRun>> runs[] = {{{{0, 2, 0, 9}, {5, 7, 0, 6}}, {{10, 20, 0, 19}}},
                                                     {{{31, 1, 0, 0}}, {{2, 3, 0, 2}, {0, 1, 0, 4}}}};
    const test::ListedRuns listed[] = {test::ListedRuns(runs[0]), test::ListedRuns(runs[1])};
    const kernels::KeyView views[] = {listed[0].view(), listed[1].view()};
    const auto query = test::randomFloats(2 * 3 * 16, 5);
    GuardedBuffer q(*m_backend, 2, 48, query), first(*m_backend, 2, 48), second(*m_backend, 2, 48);
    const Tensor queries[] = {q.tensor()};
    const GuardedBuffer* const outs[] = {&first, &second};
    runStep(*m_backend, {.views = views}, [&] {
        for (const int view : {1, 0})
            m_backend->attend({.queries = queries,
                               .cache = cache.get(),
                               .view = view,
                               .style = {.scale = 0.25f},
                               .out = outs[view]->tensor()});
    });
    for (const std::size_t view : {0, 1}) {
        const auto found = view == 0 ? first.get() : second.get();
        for (std::size_t token = 0; token < 2; ++token) {
            const auto part = [&](const std::vector<float>& all) {
                return std::span(all).subspan(token * 48, 48);
            };
            const auto expected =
                test::attend(*cache, 0, {part(query)}, runs[view][token], {.scale = 0.25}, 64);
            EXPECT_LT(test::relativeError(part(found), expected.out), 5e-6)
                << "view " << view << ", token " << token;
        }
    }
}

TEST_P(StepTest, ATensorMayBeginAnywhereInItsBuffer) {
    constexpr std::int64_t cols = 33, before = 7; // not at a row, nor where a vector would like it
    const auto buffer = m_backend->makeBuffer(6, cols), gain = m_backend->makeBuffer(2, 40);
    const auto x = test::randomFloats(6 * cols, 1), gains = test::randomFloats(80, 2);
    m_backend->write(buffer->tensor(), x);
    m_backend->write(gain->tensor(), gains);
    const Tensor part{buffer.get(), before, 3, cols}, some{gain.get(), 21, 1, cols};
    ASSERT_EQ(part.rowRange(1, 2).offset, before + cols);
    runStep(*m_backend, {}, [&] { m_backend->rmsNorm(part, some, 1e-5f, part); });
    const auto seen = std::span(x).subspan(before, 3 * cols);
    const auto expected = test::rmsNorm(seen, std::span(gains).subspan(21, cols), 1e-5f);
    const auto found = m_backend->read(part);
    EXPECT_LT(test::relativeError(found, expected), 1e-6);
    const auto all = m_backend->read(buffer->tensor());
    for (std::size_t i = 0; i < x.size(); ++i)
        if (i < before || i >= before + 3 * cols) {
            ASSERT_EQ(all[i], x[i]) << i;
        }
}

// What a stop between two layers leaves behind.
TEST_P(StepTest, BeginDropsWhatWasNotSubmitted) {
    const auto x = test::randomFloats(64, 1);
    GuardedBuffer sum(*m_backend, 1, 64, x), more(*m_backend, 1, 64, x), dropped(*m_backend, 1, 64, x);
    m_backend->begin({});
    m_backend->scale(dropped.tensor(), 2.0f);
    runStep(*m_backend, {}, [&] { m_backend->add(more.tensor(), sum.tensor()); });
    const auto found = sum.get();
    for (std::size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(found[i], 2 * x[i]);
}

#ifndef NDEBUG
TEST(StepOrderTest, AResultIsAskedForOnlyAfterWait) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto backend = kernels::makeCpuBackend({.threads = 1});
    const auto buffer = backend->makeBuffer(1, 4);
    EXPECT_DEATH(backend->scale(buffer->tensor(), 2.0f), "Stage::Begun") << "an operation outside of a step";
    backend->begin({});
    EXPECT_DEATH(backend->read(buffer->tensor()), "Stage::Outside") << "not submitted";
    backend->submit();
    EXPECT_DEATH(backend->read(buffer->tensor()), "Stage::Outside") << "not waited for";
    EXPECT_DEATH(backend->begin({}), "Stage::Submitted") << "the inputs are still in use";
    backend->wait();
    EXPECT_EQ(backend->read(buffer->tensor()).size(), 4u);
}
#endif

// Gemma 4 has layers of two kinds.
TEST_P(StepTest, LayersOfOneCacheMayDifferInTheirHeads) {
    for (const KvType type : {KvType::F16, KvType::Q8_0}) {
        const KvShape shape{
            .layers = {{2, 16}, {1, 80}, {2, 16}}, .sinkSlots = 3, .ringSlots = 40, .ringType = type};
        const auto cache = filledCache(*m_backend, shape);
        std::vector<std::uint64_t> others;
        for (int slot = 0; slot < shape.slots(); ++slot)
            others.push_back(cache->slotHash(0, slot) ^ cache->slotHash(2, slot));
        const auto row = test::randomFloats(80, 9, 50.0f);
        store(*m_backend, *cache, 1, {20}, row, row);
        for (int slot = 0; slot < shape.slots(); ++slot)
            EXPECT_EQ(others[static_cast<std::size_t>(slot)],
                      cache->slotHash(0, slot) ^ cache->slotHash(2, slot));
        const std::vector<test::QueryView> views{{3, 25, 30}, {3, 25, 31}, {0, 0, 1}};
        check(*m_backend, *cache, 4, views, 0);
        check(*m_backend, *cache, 6, views, 1);
        check(*m_backend, *cache, 4, views, 2);
        const auto other = m_backend->makeKvCache(shape);
        other->restore(cache->save());
        for (int layer = 0; layer < 3; ++layer)
            EXPECT_EQ(cache->slotHash(layer, 33), other->slotHash(layer, 33));
    }
}

INSTANTIATE_TEST_SUITE_P(Every, StepTest, testing::ValuesIn(test::backendNames()),
                         [](const auto& parameter) { return parameter.param; });

TEST(Devices, AreMadeByName) {
    const auto backend = kernels::makeBackend({.device = "cpu", .cpu = {.threads = 3}});
    EXPECT_EQ(backend->info().threads, 3);
    EXPECT_EQ(kernels::makeBackend({.cpu = {.threads = 1}})->info().threads, 1);
    try {
        kernels::makeBackend({.device = "abacus"});
        FAIL() << "it was made";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "There is no device called \"abacus\" here; \"cpu\" always works.");
    }
}

} // namespace
