#include "tests/support/reference_ops.h"

#include <cmath>
#include <numbers>

namespace test {
namespace {

using kernels::KvCache;
using kernels::KvShape;
using kernels::QueryView;

double dot(std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

// Softmax weights of one head; all zero when nothing is visible.
std::vector<double> weights(const KvCache& cache, int layer, int kvHead, std::span<const float> ringQuery,
                            std::span<const float> sinkQuery, const QueryView& view, double scale) {
    const KvShape& shape = cache.shape();
    std::vector<double> row(static_cast<std::size_t>(shape.slots()), 0.0);
    std::vector<float> key(static_cast<std::size_t>(shape.headDim));
    double largest = -INFINITY;
    for (int slot = 0; slot < shape.slots(); ++slot) {
        if (!isVisible(shape, view, slot))
            continue;
        cache.readKey(layer, kvHead, slot, key);
        row[static_cast<std::size_t>(slot)] =
            scale * dot(slot < shape.sinkSlots ? sinkQuery : ringQuery, key);
        largest = std::max(largest, row[static_cast<std::size_t>(slot)]);
    }
    double sum = 0;
    for (int slot = 0; slot < shape.slots(); ++slot) {
        double& value = row[static_cast<std::size_t>(slot)];
        value = isVisible(shape, view, slot) ? std::exp(value - largest) : 0.0;
        sum += value;
    }
    for (double& value : row)
        value = sum > 0 ? value / sum : 0.0;
    return row;
}

} // namespace

bool isVisible(const KvShape& shape, const QueryView& view, int slot) {
    if (slot < shape.sinkSlots)
        return slot < view.sinkCount;
    const int ring = slot - shape.sinkSlots;
    return (ring - view.ringFirst + shape.ringSlots) % shape.ringSlots < view.ringCount;
}

ReferenceStats headStats(std::span<const double> row, const KvShape& shape, const QueryView& view,
                         int recentKeys) {
    ReferenceStats stats;
    double entropy = 0;
    for (int slot = 0; slot < shape.slots(); ++slot) {
        const double weight = row[static_cast<std::size_t>(slot)];
        if (weight > 0)
            entropy -= weight * std::log(weight);
        if (slot < shape.sinkSlots) {
            stats.sinks += weight;
        } else {
            const int age = (slot - shape.sinkSlots - view.ringFirst + shape.ringSlots) % shape.ringSlots;
            if (age < view.ringCount && age >= view.ringCount - recentKeys)
                stats.recent += weight;
        }
    }
    stats.slot0 = row[0];
    stats.effectiveKeys = std::exp(entropy);
    return stats;
}

ReferenceAttention attend(const KvCache& cache, int layer, std::span<const float> ringQuery,
                          std::span<const float> sinkQuery, const QueryView& view, double scale,
                          int recentKeys) {
    const KvShape& shape = cache.shape();
    const std::size_t dim = static_cast<std::size_t>(shape.headDim);
    const std::size_t heads = ringQuery.size() / dim;
    ReferenceAttention result;
    result.out.assign(heads * dim, 0.0);
    std::vector<float> value(dim);
    for (std::size_t head = 0; head < heads; ++head) {
        const int kvHead = static_cast<int>(head) / (static_cast<int>(heads) / shape.kvHeads);
        const std::vector<double> row = weights(cache, layer, kvHead, ringQuery.subspan(head * dim, dim),
                                                sinkQuery.subspan(head * dim, dim), view, scale);
        double norm = 0;
        for (int slot = 0; slot < shape.slots(); ++slot) {
            if (!isVisible(shape, view, slot))
                continue;
            cache.readValue(layer, kvHead, slot, value);
            for (std::size_t d = 0; d < dim; ++d)
                result.out[head * dim + d] +=
                    row[static_cast<std::size_t>(slot)] * static_cast<double>(value[d]);
        }
        for (std::size_t d = 0; d < dim; ++d)
            norm += result.out[head * dim + d] * result.out[head * dim + d];
        result.heads.push_back(headStats(row, shape, view, recentKeys));
        result.heads.back().outputNorm = std::sqrt(norm);
        result.rows.insert(result.rows.end(), row.begin(), row.end());
    }
    return result;
}

std::vector<double> rmsNorm(std::span<const float> x, std::span<const float> gain, double epsilon) {
    std::vector<double> out;
    for (std::size_t row = 0; row < x.size(); row += gain.size()) {
        const std::span<const float> values = x.subspan(row, gain.size());
        const double factor =
            1.0 / std::sqrt(dot(values, values) / static_cast<double>(gain.size()) + epsilon);
        for (std::size_t i = 0; i < gain.size(); ++i)
            out.push_back(static_cast<double>(values[i]) * factor * static_cast<double>(gain[i]));
    }
    return out;
}

std::vector<double> rope(std::span<const float> x, int tokens, int headDim, int ropeDim,
                         kernels::RopePairing pairing, std::span<const float> cosSin) {
    std::vector<double> out(x.begin(), x.end());
    const std::size_t cols = x.size() / static_cast<std::size_t>(tokens);
    for (std::size_t token = 0; token < static_cast<std::size_t>(tokens); ++token) {
        for (std::size_t head = 0; head < cols; head += static_cast<std::size_t>(headDim)) {
            double* values = out.data() + token * cols + head;
            for (int i = 0; i < ropeDim / 2; ++i) {
                const int a = pairing == kernels::RopePairing::Norm ? 2 * i : i;
                const int b = pairing == kernels::RopePairing::Norm ? 2 * i + 1 : i + ropeDim / 2;
                const std::size_t angle =
                    token * static_cast<std::size_t>(ropeDim) + static_cast<std::size_t>(2 * i);
                const double cosine = static_cast<double>(cosSin[angle]);
                const double sine = static_cast<double>(cosSin[angle + 1]);
                const double first = values[a], second = values[b];
                values[a] = first * cosine - second * sine;
                values[b] = first * sine + second * cosine;
            }
        }
    }
    return out;
}

double gated(kernels::Activation activation, double gate, double up) {
    if (activation == kernels::Activation::Silu)
        return gate / (1.0 + std::exp(-gate)) * up;
    const double argument = std::sqrt(2.0 / std::numbers::pi) * (gate + 0.044715 * gate * gate * gate);
    return 0.5 * gate * (1.0 + std::tanh(argument)) * up;
}

} // namespace test
