#include "tests/kernels/attention_fixture.h"

#include "kernels/cpu/kv_store.h"
#include "kernels/half.h"

#include <cstring>
#include <stdexcept>

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

// What the key/value cache stores, exactly.
namespace {

using kernels::KvShape;
using kernels::KvType;

class KvCacheTest : public AttentionFixture {
protected:
    std::unique_ptr<kernels::Backend> m_backend = makeBackend(2);
};

float storedOf(KvType type, const float* head, int d, int headDim) {
    if (type == KvType::F32)
        return head[d];
    if (type == KvType::F16)
        return kernels::halfToFloat(kernels::floatToHalf(head[d]));
    float largest = 0;
    for (int i = d / 32 * 32; i < std::min(headDim, d / 32 * 32 + 32); ++i)
        largest = std::max(largest, std::fabs(head[i]));
    const float step = kernels::halfToFloat(kernels::floatToHalf(largest / 127.0f));
    return std::nearbyint(head[d] * (1.0f / step)) * step;
}

TEST_P(KvCacheTest, StoresAndReadsBack) {
    for (KvType type : {KvType::F32, KvType::F16, KvType::Q8_0}) {
        for (int headDim : {10, 32, 64, 80, 256}) {
            const KvShape shape = shapeOf(2, headDim, 3, 37, KvType::F16, type);
            const auto cache = filledCache(*m_backend, shape, 40);
            const std::size_t count = static_cast<std::size_t>(shape.slots() * 2 * headDim);
            const std::vector<float> keys = test::randomFloats(count, 140),
                                     values = test::randomFloats(count, 141);
            std::vector<float> found(static_cast<std::size_t>(headDim));
            for (int slot = 0; slot < shape.slots(); ++slot)
                for (int head = 0; head < 2; ++head) {
                    const KvType stored = slot < 3 ? KvType::F16 : type;
                    const std::ptrdiff_t at = (slot * 2 + head) * headDim;
                    cache->readKey(1, head, slot, found);
                    for (int d = 0; d < headDim; ++d)
                        ASSERT_EQ(found[static_cast<std::size_t>(d)],
                                  storedOf(stored, keys.data() + at, d, headDim));
                    cache->readValue(1, head, slot, found);
                    for (int d = 0; d < headDim; ++d)
                        ASSERT_EQ(found[static_cast<std::size_t>(d)],
                                  storedOf(stored, values.data() + at, d, headDim));
                }
        }
    }
}

TEST_P(KvCacheTest, ASlotChangesOnlyWhenItIsWritten) {
    for (KvType type : {KvType::F32, KvType::F16, KvType::Q8_0}) {
        const KvShape shape = shapeOf(2, 48, 3, 37, type, type);
        const auto cache = filledCache(*m_backend, shape);
        std::vector<std::uint64_t> before;
        for (int slot = 0; slot < shape.slots(); ++slot)
            before.push_back(cache->slotHash(1, slot));
        const std::vector<float> row = test::randomFloats(96, 9, 50.0f);
        store(*m_backend, *cache, 1, {20}, row, row);
        store(*m_backend, *cache, 0, {21}, row, row);
        for (int slot = 0; slot < shape.slots(); ++slot)
            EXPECT_EQ(before[static_cast<std::size_t>(slot)] != cache->slotHash(1, slot), slot == 20) << slot;
    }
}

TEST_P(KvCacheTest, AHashSeesEveryStoredByte) {
    const KvShape shape = shapeOf(2, 48, 0, 20, KvType::F16, KvType::Q8_0);
    const auto cache = filledCache(*m_backend, shape);
    const std::vector<float> base = test::randomFloats(96, 9);
    store(*m_backend, *cache, 0, {5}, base, base);
    const std::uint64_t before = cache->slotHash(0, 5);
    for (std::size_t i = 0; i < base.size(); ++i) {
        std::vector<float> changed = base;
        changed[i] = -changed[i];
        store(*m_backend, *cache, 0, {5}, changed, base);
        EXPECT_NE(before, cache->slotHash(0, 5)) << "key " << i;
        store(*m_backend, *cache, 0, {5}, base, changed);
        EXPECT_NE(before, cache->slotHash(0, 5)) << "value " << i;
    }
    store(*m_backend, *cache, 0, {5}, base, base);
    EXPECT_EQ(before, cache->slotHash(0, 5));
}

TEST_P(KvCacheTest, SavesAndRestores) {
    const KvShape shape = shapeOf(2, 48, 4, 20, KvType::F16, KvType::Q8_0);
    const auto cache = filledCache(*m_backend, shape, 1), other = filledCache(*m_backend, shape, 2);
    ASSERT_NE(cache->slotHash(1, 7), other->slotHash(1, 7));
    other->restore(cache->save());
    for (int layer = 0; layer < static_cast<int>(shape.layers.size()); ++layer)
        for (int slot = 0; slot < shape.slots(); ++slot)
            EXPECT_EQ(cache->slotHash(layer, slot), other->slotHash(layer, slot));
    const auto wrong = m_backend->makeKvCache(shapeOf(2, 48, 5, 19, KvType::F16, KvType::Q8_0));
    EXPECT_THROW(wrong->restore(cache->save()), std::runtime_error);
    EXPECT_THROW(wrong->restore({}), std::runtime_error);
}

// Read by hand, as another device would.
TEST_P(KvCacheTest, ASavedStateIsTheStoredNumbersInOrder) {
    const KvShape shape{
        .layers = {{2, 48}, {1, 10}}, .sinkSlots = 3, .ringSlots = 18, .ringType = KvType::Q8_0};
    const auto cache = filledCache(*m_backend, shape, 1);
    const auto state = cache->save();
    const std::byte* at = state.data();
    const auto take = [&]<class T>(T) {
        T value;
        std::memcpy(&value, at, sizeof value);
        at += sizeof value;
        return value;
    };
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(at), 4), "SKV3");
    at += 4;
    for (const std::int32_t expected : {2, 3, 18, 1, 2, 2, 48, 1, 10})
        ASSERT_EQ(take(std::int32_t{}), expected);
    for (int layer = 0; layer < 2; ++layer)
        for (int head = 0; head < shape.layer(layer).kvHeads; ++head)
            for (int slot = 0; slot < shape.slots(); ++slot)
                for (const bool isKey : {true, false}) {
                    std::vector<float> row(static_cast<std::size_t>(shape.layer(layer).headDim));
                    isKey ? cache->readKey(layer, head, slot, row) : cache->readValue(layer, head, slot, row);
                    float scale = 0;
                    for (std::size_t d = 0; d < row.size(); ++d)
                        if (slot < shape.sinkSlots) {
                            ASSERT_EQ(kernels::halfToFloat(take(std::uint16_t{})), row[d]);
                        } else {
                            if (d % 32 == 0)
                                scale = kernels::halfToFloat(take(std::uint16_t{}));
                            ASSERT_EQ(static_cast<float>(take(std::int8_t{})) * scale, row[d]);
                        }
                }
    EXPECT_EQ(at, state.data() + state.size());
}

TEST_P(KvCacheTest, FiniteValuesStayFinite) {
    for (KvType type : {KvType::F16, KvType::Q8_0}) {
        const auto cache = m_backend->makeKvCache(shapeOf(1, 32, 0, 16, KvType::F16, type));
        std::vector<float> row(32, 1e30f), found(32);
        row[1] = -1e30f;
        row[2] = 0.0f;
        store(*m_backend, *cache, 0, {3}, row, std::vector<float>(32, 0.0f));
        cache->readKey(0, 0, 3, found);
        for (float value : found)
            EXPECT_TRUE(std::isfinite(value));
        EXPECT_LT(found[1], -6e4f);
        cache->readValue(0, 0, 3, found);
        EXPECT_EQ(found, std::vector<float>(32, 0.0f));
    }
}

#ifdef __linux__
// Pages from `first` on, `bytes` long, that the system has not given yet.
int missingPages(const std::byte* first, std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto at = reinterpret_cast<std::uintptr_t>(first) / page * page;
    std::vector<unsigned char> present((reinterpret_cast<std::uintptr_t>(first) + bytes - at + page - 1) /
                                       page);
    EXPECT_EQ(mincore(reinterpret_cast<void*>(at), present.size() * page, present.data()), 0);
    return static_cast<int>(
        std::count_if(present.begin(), present.end(), [](unsigned char p) { return (p & 1) == 0; }));
}

TEST_P(KvCacheTest, AFirstPromptNeedNotWaitForMemory) {
    if (test::isVulkan(GetParam()) || test::isCuda(GetParam()))
        GTEST_SKIP() << "of the CPU's memory only";
    constexpr int promptSlots = 1024;
    for (KvType type : {KvType::F32, KvType::F16, KvType::Q8_0})
        for (int headDim : {10, 64, 80}) { // runs that begin inside a page, too
            const KvShape shape = shapeOf(2, headDim, 4, 3 * promptSlots, KvType::F16, type);
            const auto made = m_backend->makeKvCache(shape);
            const auto& cache = static_cast<const kernels::CpuKvCache&>(*made);
            const kernels::KvLayout& ring = cache.layout(0, kernels::KvPart::Ring);
            for (int layer = 0; layer < static_cast<int>(shape.layers.size()); ++layer)
                for (int head = 0; head < 2; ++head) {
                    EXPECT_EQ(missingPages(cache.keys(layer, kernels::KvPart::Ring, head),
                                           promptSlots / 16 * ring.keyGroupBytes),
                              0);
                    EXPECT_EQ(missingPages(cache.values(layer, kernels::KvPart::Ring, head),
                                           promptSlots / 16 * ring.valueGroupBytes),
                              0);
                }
        }
}
#endif

INSTANTIATE_TEST_SUITE_P(Every, KvCacheTest, testing::ValuesIn(test::backendNames()),
                         [](const auto& parameter) { return parameter.param; });

} // namespace
