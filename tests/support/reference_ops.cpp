#include "tests/support/reference_ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace test {
namespace {

using kernels::KeyRun;
using kernels::KvCache;
using kernels::KvShape;
using Runs = std::span<const KeyRun>;

double dot(std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

// Calls body(slot, run, distance) for every key that is seen.
template <class Body>
void overKeys(Runs runs, const Body& body) {
    for (const KeyRun& run : runs)
        for (int i = 0; i < run.count; ++i)
            body(run.firstSlot + i, run, static_cast<double>(run.distance - i));
}

// Softmax weights of one head, (slots); all zero when nothing is visible. What is missing to 1 is the learned sink's.
std::vector<double> weights(const KvCache& cache, int layer, int kvHead, std::size_t head,
                            const std::vector<std::span<const float>>& queries, Runs runs,
                            const ReferenceStyle& style) {
    const auto dim = static_cast<std::size_t>(cache.shape().layer(layer).headDim);
    std::vector<double> row(static_cast<std::size_t>(cache.shape().slots()), 0.0);
    std::vector<float> key(dim);
    double largest = style.sinkLogits.empty() ? -INFINITY : static_cast<double>(style.sinkLogits[head]);
    overKeys(runs, [&](int slot, const KeyRun& run, double distance) {
        cache.readKey(layer, kvHead, slot, key);
        double score =
            style.scale * dot(queries[static_cast<std::size_t>(run.query)].subspan(head * dim, dim), key);
        if (style.softcap > 0)
            score = style.softcap * std::tanh(score / style.softcap);
        if (!style.slopes.empty())
            score -= static_cast<double>(style.slopes[head]) * distance;
        row[static_cast<std::size_t>(slot)] = score;
        largest = std::max(largest, score);
    });
    double sum =
        style.sinkLogits.empty() ? 0.0 : std::exp(static_cast<double>(style.sinkLogits[head]) - largest);
    overKeys(runs, [&](int slot, const KeyRun&, double) {
        double& value = row[static_cast<std::size_t>(slot)];
        value = std::exp(value - largest);
        sum += value;
    });
    for (double& value : row)
        value = sum > 0 ? value / sum : 0.0;
    return row;
}

} // namespace

std::vector<KeyRun> runsOf(const KvShape& shape, const QueryView& view) {
    const int end = view.ringFirst + view.ringCount, wrapped = std::max(0, end - shape.ringSlots);
    return {{0, view.sinkCount, 1, view.sinkCount + view.ringCount - 1},
            {shape.sinkSlots + view.ringFirst, view.ringCount - wrapped, 0, view.ringCount - 1},
            {shape.sinkSlots, wrapped, 0, wrapped - 1}};
}

ListedRuns::ListedRuns(const std::vector<std::vector<KeyRun>>& queries) {
    for (const std::vector<KeyRun>& own : queries) {
        runs.insert(runs.end(), own.begin(), own.end());
        firstRun.push_back(static_cast<std::int32_t>(runs.size()));
    }
}

bool isVisible(Runs runs, int slot) {
    bool found = false;
    overKeys(runs, [&](int visible, const KeyRun&, double) { found = found || visible == slot; });
    return found;
}

ReferenceStats headStats(std::span<const double> row, const KvShape& shape, Runs runs, int recentKeys) {
    ReferenceStats stats;
    double entropy = 0, total = 0;
    std::vector<double> ring; // weights of its keys, oldest first
    overKeys(runs, [&](int slot, const KeyRun&, double) {
        const double weight = row[static_cast<std::size_t>(slot)];
        total += weight;
        if (weight > 0)
            entropy -= weight * std::log(weight);
        if (slot < shape.sinkSlots)
            stats.sinks += weight;
        else
            ring.push_back(weight);
    });
    for (std::size_t i = 0; i < ring.size() && i < static_cast<std::size_t>(recentKeys); ++i)
        stats.recent += ring[ring.size() - 1 - i];
    stats.slot0 = row[0];
    stats.learnedSink = total > 0 ? std::max(0.0, 1.0 - total) : 0.0;
    if (stats.learnedSink > 1e-12)
        entropy -= stats.learnedSink * std::log(stats.learnedSink);
    stats.effectiveKeys = std::exp(entropy);
    return stats;
}

ReferenceAttention attend(const KvCache& cache, int layer, const std::vector<std::span<const float>>& queries,
                          Runs runs, const ReferenceStyle& style, int recentKeys) {
    const KvShape& shape = cache.shape();
    const std::size_t dim = static_cast<std::size_t>(shape.layer(layer).headDim);
    const std::size_t heads = queries[0].size() / dim;
    ReferenceAttention result;
    result.out.assign(heads * dim, 0.0);
    std::vector<float> value(dim);
    for (std::size_t head = 0; head < heads; ++head) {
        const int kvHead = static_cast<int>(head) / (static_cast<int>(heads) / shape.layer(layer).kvHeads);
        const std::vector<double> row = weights(cache, layer, kvHead, head, queries, runs, style);
        double norm = 0;
        overKeys(runs, [&](int slot, const KeyRun&, double) {
            cache.readValue(layer, kvHead, slot, value);
            for (std::size_t d = 0; d < dim; ++d)
                result.out[head * dim + d] +=
                    row[static_cast<std::size_t>(slot)] * static_cast<double>(value[d]);
        });
        for (std::size_t d = 0; d < dim; ++d)
            norm += result.out[head * dim + d] * result.out[head * dim + d];
        result.heads.push_back(headStats(row, shape, runs, recentKeys));
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

std::vector<double> layerNorm(std::span<const float> x, std::span<const float> gain,
                              std::span<const float> bias, double epsilon) {
    std::vector<double> out;
    const auto length = static_cast<double>(gain.size());
    for (std::size_t row = 0; row < x.size(); row += gain.size()) {
        const std::span<const float> values = x.subspan(row, gain.size());
        double mean = 0, variance = 0;
        for (const float value : values)
            mean += static_cast<double>(value) / length;
        for (const float value : values)
            variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean) / length;
        for (std::size_t i = 0; i < gain.size(); ++i)
            out.push_back((static_cast<double>(values[i]) - mean) / std::sqrt(variance + epsilon) *
                              static_cast<double>(gain[i]) +
                          (bias.empty() ? 0.0 : static_cast<double>(bias[i])));
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

double activation(kernels::Activation activation, double x) {
    if (activation == kernels::Activation::Silu)
        return x / (1.0 + std::exp(-x));
    if (activation == kernels::Activation::GeluErf)
        return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

double gated(kernels::Activation activation, double gate, double up) {
    if (activation != kernels::Activation::ClampedSilu)
        return test::activation(activation, gate) * up;
    const double g = std::min(gate, 7.0), u = std::clamp(up, -7.0, 7.0);
    return (u + 1.0) * g / (1.0 + std::exp(-1.702 * g));
}

} // namespace test
