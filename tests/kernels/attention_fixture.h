#pragma once
#include "kernels/backend.h"
#include "tests/support/backends.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/reference_ops.h"
#include "tests/support/run_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

// What the tests of attention share: a backend and calls of attend() between guard
// rows.
class AttentionFixture : public testing::TestWithParam<std::string> {
protected:
    static std::unique_ptr<kernels::Backend> makeBackend(int threads) {
        return test::makeTestBackend(GetParam(), threads);
    }

    static kernels::KvShape shapeOf(int kvHeads, int headDim, int sinks, int ring,
                                    kernels::KvType sinkType = kernels::KvType::F16,
                                    kernels::KvType ringType = kernels::KvType::F16) {
        return {{{kvHeads, headDim}, {kvHeads, headDim}}, sinks, ring, sinkType, ringType};
    }

    void store(kernels::Backend& backend, kernels::KvCache& cache, int layer,
               const std::vector<std::int32_t>& slots, const std::vector<float>& keys,
               const std::vector<float>& values) {
        const std::int64_t rows = static_cast<std::int64_t>(slots.size());
        const auto [kvHeads, headDim] = cache.shape().layer(layer);
        const std::int64_t cols = static_cast<std::int64_t>(kvHeads) * headDim;
        test::GuardedBuffer k(backend, rows, cols, keys), v(backend, rows, cols, values);
        test::runStep(backend, {.slots = slots},
                      [&] { backend.storeKv(cache, layer, k.tensor(), v.tensor()); });
    }

    // Every slot of every layer holds something, so that a wrong mask is seen.
    std::unique_ptr<kernels::KvCache> filledCache(kernels::Backend& backend, const kernels::KvShape& shape,
                                                  std::uint32_t seed = 3) {
        auto cache = backend.makeKvCache(shape);
        std::vector<std::int32_t> slots;
        for (int slot = 0; slot < shape.slots(); ++slot)
            slots.push_back(slot);
        for (int layer = 0; layer < static_cast<int>(shape.layers.size()); ++layer) {
            const auto [kvHeads, headDim] = shape.layer(layer);
            const std::size_t count = static_cast<std::size_t>(shape.slots() * kvHeads * headDim);
            const std::uint32_t own = seed + 100 * static_cast<std::uint32_t>(layer);
            store(backend, *cache, layer, slots, test::randomFloats(count, own),
                  test::randomFloats(count, own + 1));
        }
        return cache;
    }

    // Queries are the same for a seed and token, so that a token can be asked again alone.
    std::vector<float> attend(kernels::Backend& backend, const kernels::KvCache& cache, int heads,
                              const std::vector<test::QueryView>& views, const std::vector<float>& ring,
                              const std::vector<float>& sink, kernels::AttentionCapture* capture = nullptr,
                              int layer = 0, const test::ReferenceStyle* style = nullptr) {
        std::vector<std::vector<kernels::KeyRun>> runs;
        for (const test::QueryView& view : views)
            runs.push_back(test::runsOf(cache.shape(), view));
        return attendRuns(backend, cache, heads, runs, {ring, sink}, capture, layer, style);
    }

    std::vector<float> attendRuns(kernels::Backend& backend, const kernels::KvCache& cache, int heads,
                                  const std::vector<std::vector<kernels::KeyRun>>& runs,
                                  const std::vector<std::vector<float>>& queries,
                                  kernels::AttentionCapture* capture = nullptr, int layer = 0,
                                  const test::ReferenceStyle* style = nullptr) {
        const std::int64_t rows = static_cast<std::int64_t>(runs.size());
        const std::int64_t cols = static_cast<std::int64_t>(heads) * cache.shape().layer(layer).headDim;
        std::vector<std::unique_ptr<test::GuardedBuffer>> memory;
        std::vector<kernels::Tensor> tensors;
        for (const std::vector<float>& query : queries) {
            memory.push_back(std::make_unique<test::GuardedBuffer>(backend, rows, cols, query));
            tensors.push_back(memory.back()->tensor());
        }
        std::vector<std::unique_ptr<kernels::Buffer>> numbers; // of the heads
        const auto perHead = [&](const std::vector<float>& values) -> const kernels::Buffer* {
            if (values.empty())
                return nullptr;
            numbers.push_back(backend.makeBuffer(1, heads));
            backend.write(numbers.back()->tensor(), values);
            return numbers.back().get();
        };
        kernels::AttentionStyle own{.scale = scaleOf(cache, layer)};
        if (style)
            own = {.scale = static_cast<float>(style->scale),
                   .softcap = static_cast<float>(style->softcap),
                   .slopes = perHead(style->slopes),
                   .sinkLogits = perHead(style->sinkLogits)};
        const test::ListedRuns listed(runs);
        const kernels::KeyView views[] = {{}, listed.view()}; // the one that is named counts
        test::GuardedBuffer out(backend, rows, cols);
        test::runStep(backend, {.views = views}, [&] {
            backend.attend({.queries = tensors,
                            .cache = &cache,
                            .layer = layer,
                            .view = 1,
                            .style = own,
                            .out = out.tensor(),
                            .capture = capture});
        });
        EXPECT_TRUE(out.guardsIntact());
        return out.get();
    }

    static float scaleOf(const kernels::KvCache& cache, int layer = 0) {
        return 1.0f / std::sqrt(static_cast<float>(cache.shape().layer(layer).headDim));
    }

    // Against the reference, which reads what the cache really stores. With 8-bit numbers queries and weights are words: about 2^-16
    // of the largest, for results that are sums of several hundred numbers of both signs.
    void check(kernels::Backend& backend, const kernels::KvCache& cache, int heads,
               const std::vector<test::QueryView>& views, int layer = 0,
               const test::ReferenceStyle* style = nullptr) {
        const std::size_t width = static_cast<std::size_t>(heads * cache.shape().layer(layer).headDim);
        const kernels::KvShape& shape = cache.shape();
        const bool areWords =
            shape.sinkType == kernels::KvType::Q8_0 || shape.ringType == kernels::KvType::Q8_0;
        const std::vector<float> ring = test::randomFloats(views.size() * width, 7);
        const std::vector<float> sink = test::randomFloats(views.size() * width, 8);
        const std::vector<float> result =
            attend(backend, cache, heads, views, ring, sink, nullptr, layer, style);
        const test::ReferenceStyle plain{.scale = static_cast<double>(scaleOf(cache, layer))};
        for (std::size_t token = 0; token < views.size(); ++token) {
            const auto part = [&](const std::vector<float>& all) {
                return std::span(all).subspan(token * width, width);
            };
            const auto expected = test::attend(cache, layer, {part(ring), part(sink)},
                                               test::runsOf(shape, views[token]), style ? *style : plain, 64);
            EXPECT_LT(test::relativeError(part(result), expected.out), areWords ? 2e-4 : 5e-6)
                << "token " << token << " of " << views.size() << ", head dimension "
                << cache.shape().layer(layer).headDim << ", view " << views[token].sinkCount << " + "
                << views[token].ringCount << " from " << views[token].ringFirst;
        }
    }
};
