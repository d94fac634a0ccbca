#include "kernels/cpu/attention.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace kernels {
namespace {

bool visible(const QueryView& view, const KvShape& shape, int slot) {
    if (slot < shape.sinkSlots)
        return slot < view.sinkCount;
    const int distance = slot - shape.sinkSlots - view.ringFirst;
    return (distance < 0 ? distance + shape.ringSlots : distance) < view.ringCount;
}

// One head of one query; `row` gets the weights.
void attendHead(const AttendArgs& args, int kvHead, const QueryView& view, const float* ringQuery,
                const float* sinkQuery, std::span<float> row, std::span<float> vector, float* out) {
    const KvShape& shape = args.cache->shape();
    float largest = -INFINITY;
    for (int slot = 0; slot < shape.slots(); ++slot) {
        float& score = row[static_cast<std::size_t>(slot)];
        score = -INFINITY;
        if (!visible(view, shape, slot))
            continue;
        args.cache->readKey(args.layer, kvHead, slot, vector);
        const float* query = slot < shape.sinkSlots ? sinkQuery : ringQuery;
        score = 0;
        for (int d = 0; d < shape.headDim; ++d)
            score += query[d] * vector[static_cast<std::size_t>(d)];
        score *= args.scale;
        largest = std::max(largest, score);
    }
    float sum = 0;
    for (float& value : row)
        sum += value = std::exp(value - largest);
    std::fill(out, out + shape.headDim, 0.0f);
    for (int slot = 0; slot < shape.slots(); ++slot) {
        float& weight = row[static_cast<std::size_t>(slot)];
        weight /= sum;
        if (weight == 0)
            continue;
        args.cache->readValue(args.layer, kvHead, slot, vector);
        for (int d = 0; d < shape.headDim; ++d)
            out[d] += weight * vector[static_cast<std::size_t>(d)];
    }
}

HeadStats headStats(std::span<const float> row, const KvShape& shape, const QueryView& view, int recentKeys,
                    std::span<const float> out) {
    HeadStats stats;
    double entropy = 0, norm = 0;
    for (std::size_t slot = 0; slot < row.size(); ++slot) {
        const float weight = row[slot];
        if (weight > 0)
            entropy -= static_cast<double>(weight) * std::log(static_cast<double>(weight));
        if (static_cast<int>(slot) < shape.sinkSlots)
            stats.sinks += weight;
    }
    for (int i = std::max(0, view.ringCount - recentKeys); i < view.ringCount; ++i)
        stats.recent +=
            row[static_cast<std::size_t>(shape.sinkSlots + (view.ringFirst + i) % shape.ringSlots)];
    for (float value : out)
        norm += static_cast<double>(value) * static_cast<double>(value);
    stats.slot0 = row[0];
    stats.effectiveKeys = static_cast<float>(std::exp(entropy));
    stats.outputNorm = static_cast<float>(std::sqrt(norm));
    return stats;
}

} // namespace

Attention::Attention(ThreadPool& pool, Isa) : m_pool(pool) {}

void Attention::run(const AttendArgs& args) {
    const KvShape& shape = args.cache->shape();
    const int heads = static_cast<int>(args.out.cols) / shape.headDim;
    const int group = heads / shape.kvHeads;
    const int tokens = static_cast<int>(args.out.rows);
    const std::size_t slots = static_cast<std::size_t>(shape.slots());
    const std::size_t dim = static_cast<std::size_t>(shape.headDim);
    m_scratch.resize(static_cast<std::size_t>(m_pool.threads()) * (slots + dim) +
                     slots * static_cast<std::size_t>(heads));
    float* lastRows = m_scratch.data() + static_cast<std::size_t>(m_pool.threads()) * (slots + dim);
    m_pool.run(tokens * heads, [&](int chunk, int worker) {
        const int token = chunk / heads, head = chunk % heads;
        float* own = m_scratch.data() + static_cast<std::size_t>(worker) * (slots + dim);
        float* row = token == tokens - 1 ? lastRows + static_cast<std::size_t>(head) * slots : own + dim;
        const std::int64_t offset = token * args.out.cols + head * shape.headDim;
        attendHead(args, head / group, args.views[static_cast<std::size_t>(token)],
                   args.ringQuery.data + offset, args.sinkQuery.data + offset, {row, slots}, {own, dim},
                   args.out.data + offset);
    });
    for (const QueryView& view : args.views)
        m_bytesRead += static_cast<std::uint64_t>(view.sinkCount + view.ringCount) *
                       static_cast<std::uint64_t>(shape.kvHeads) * dim * 4;
    if (!args.capture)
        return;
    const QueryView& view = args.views.back();
    for (int head = 0; head < heads; ++head) {
        const std::size_t index = static_cast<std::size_t>(head);
        const std::span<const float> row(lastRows + index * slots, slots);
        const float* out = args.out.data + (tokens - 1) * args.out.cols + head * shape.headDim;
        if (!args.capture->heads.empty())
            args.capture->heads[index] = headStats(row, shape, view, args.capture->recentKeys, {out, dim});
        for (std::size_t slot = 0; slot < args.capture->slotMass.size(); ++slot)
            args.capture->slotMass[slot] += row[slot];
        if (!args.capture->rows.empty())
            std::copy(row.begin(), row.end(),
                      args.capture->rows.begin() + static_cast<std::ptrdiff_t>(index * slots));
    }
}

std::uint64_t Attention::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels
