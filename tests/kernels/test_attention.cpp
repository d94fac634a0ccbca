#include "kernels/cpu_backend.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/reference_ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

// attend() against the double-precision reference, which reads what the cache really stores.
namespace {

using kernels::KvShape;
using kernels::KvType;
using kernels::QueryView;

std::unique_ptr<kernels::Backend> makeBackend(const std::string& isa, int threads = 2) {
    kernels::CpuOptions options;
    options.threads = threads;
    options.isa = isa;
    return kernels::makeCpuBackend(options);
}

class AttentionTest : public testing::TestWithParam<std::string> {
protected:
    std::unique_ptr<kernels::Backend> m_backend = makeBackend(GetParam());

    // Every slot of every layer holds something, so that a wrong mask is seen.
    std::unique_ptr<kernels::KvCache> filledCache(const KvShape& shape, std::uint32_t seed) {
        auto cache = m_backend->makeKvCache(shape);
        const std::int64_t cols = static_cast<std::int64_t>(shape.kvHeads) * shape.headDim;
        const auto k = m_backend->makeBuffer(shape.slots(), cols);
        const auto v = m_backend->makeBuffer(shape.slots(), cols);
        std::vector<std::int32_t> slots(static_cast<std::size_t>(shape.slots()));
        for (std::size_t i = 0; i < slots.size(); ++i)
            slots[i] = static_cast<std::int32_t>(i);
        for (int layer = 0; layer < shape.layers; ++layer) {
            const std::uint32_t layerSeed = seed + 100 * static_cast<std::uint32_t>(layer);
            m_backend->write(k->tensor(),
                             test::randomFloats(slots.size() * static_cast<std::size_t>(cols), layerSeed));
            m_backend->write(v->tensor(), test::randomFloats(slots.size() * static_cast<std::size_t>(cols),
                                                             layerSeed + 1));
            m_backend->storeKv(*cache, layer, k->tensor(), v->tensor(), slots);
        }
        return cache;
    }

    void check(const kernels::KvCache& cache, int heads, const std::vector<QueryView>& views, int layer = 0) {
        const KvShape& shape = cache.shape();
        const std::int64_t tokens = static_cast<std::int64_t>(views.size());
        const std::int64_t cols = static_cast<std::int64_t>(heads) * shape.headDim;
        const std::size_t width = static_cast<std::size_t>(cols);
        const std::vector<float> ring = test::randomFloats(views.size() * width, 7);
        const std::vector<float> sink = test::randomFloats(views.size() * width, 8);
        test::GuardedBuffer ringQuery(*m_backend, tokens, cols, ring),
            sinkQuery(*m_backend, tokens, cols, sink);
        test::GuardedBuffer out(*m_backend, tokens, cols);
        const float scale = 1.0f / std::sqrt(static_cast<float>(shape.headDim));
        m_backend->attend({.ringQuery = ringQuery.tensor(),
                           .sinkQuery = sinkQuery.tensor(),
                           .cache = &cache,
                           .layer = layer,
                           .views = views,
                           .scale = scale,
                           .out = out.tensor()});
        EXPECT_TRUE(out.guardsIntact());
        const std::vector<float> result = out.get();
        for (std::size_t token = 0; token < views.size(); ++token) {
            const auto reference = test::attend(cache, layer, std::span(ring).subspan(token * width, width),
                                                std::span(sink).subspan(token * width, width), views[token],
                                                static_cast<double>(scale), 64);
            EXPECT_LT(test::relativeError(std::span(result).subspan(token * width, width), reference.out),
                      3e-6)
                << "token " << token << " of " << views.size() << ", head dimension " << shape.headDim
                << ", view " << views[token].sinkCount << " + " << views[token].ringCount << " from "
                << views[token].ringFirst;
        }
    }
};

TEST_P(AttentionTest, EveryHeadDimensionAndGroup) {
    for (int headDim : {16, 64, 80, 128, 256}) {
        for (int group : {1, 3, 4, 8}) {
            const KvShape shape{
                .layers = 2, .kvHeads = 2, .headDim = headDim, .sinkSlots = 4, .ringSlots = 300};
            const auto cache = filledCache(shape, 3);
            check(*cache, 2 * group, {{4, 0, 300}}, 1);
            check(*cache, 2 * group, {{4, 290, 77}, {4, 291, 77}, {4, 292, 77}}, 0);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cpu, AttentionTest, testing::ValuesIn(kernels::cpuIsaNames()));

} // namespace
