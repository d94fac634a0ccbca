#include "tests/support/model_oracle.h"

#include "engine/gguf_file.h"
#include "tests/support/reference_ops.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace test {

namespace {

// As the ALiBi paper's authors write it: heads beyond a power of two take every second slope of twice as many.
std::vector<double> slopesOf(int heads, double maxBias) {
    const auto geometric = [&](int n) {
        std::vector<double> slopes;
        const double ratio = std::pow(2.0, -maxBias / n);
        for (int i = 0; i < n; ++i)
            slopes.push_back(std::pow(ratio, i + 1));
        return slopes;
    };
    const int closest = static_cast<int>(std::pow(2.0, std::floor(std::log2(heads))));
    std::vector<double> slopes = geometric(closest);
    const std::vector<double> more = geometric(2 * closest);
    for (std::size_t i = 0; slopes.size() < static_cast<std::size_t>(heads); i += 2)
        slopes.push_back(more[i]);
    return slopes;
}

} // namespace

ModelOracle::ModelOracle(const std::filesystem::path& path) {
    const auto file = engine::GgufFile::open(path);
    m_config = engine::ModelConfig::fromGguf(*file);
    std::vector<std::byte> bytes;
    for (const auto& tensor : file->tensors()) {
        file->read(tensor, bytes);
        m_tensors[tensor.name] = dequantise(tensor.matrix(bytes.data()));
    }
}

ModelOracle::Views ModelOracle::tokenWise(int tokens, int sinks, int window) {
    Views views{.sinks = sinks, .window = window, .lo = {}, .last = {}};
    for (int t = 0; t < tokens; ++t) {
        views.lo.push_back(std::max(sinks, t - window));
        views.last.push_back(t);
    }
    return views;
}

ModelOracle::Row ModelOracle::project(const std::string& name, std::span<const double> x, std::size_t first,
                                      std::size_t rows) const {
    const Row& w = tensor(name + ".weight");
    const auto bias = m_tensors.find(name + ".bias");
    Row result(rows == 0 ? w.size() / x.size() : rows);
    for (std::size_t row = 0; row < result.size(); ++row) {
        for (std::size_t col = 0; col < x.size(); ++col)
            result[row] += w[(first + row) * x.size() + col] * x[col];
        if (bias != m_tensors.end())
            result[row] += bias->second[first + row];
    }
    return result;
}

// Rows of the gain's length, each by itself; of `rowLength`, where the gains of several rows follow each other.
ModelOracle::Row ModelOracle::normed(const std::string& name, std::span<const double> x,
                                     std::size_t rowLength) const {
    const Row& gains = tensor(name + ".weight");
    const auto bias = m_tensors.find(name + ".bias");
    const bool own = m_config.block.queryKeyNorm == engine::QueryKeyNorm::OwnForEachHead && rowLength > 0;
    const std::size_t width = own ? rowLength : gains.size();
    const auto length = static_cast<double>(width);
    Row result;
    for (std::size_t row = 0; row < x.size(); row += width) {
        const Row gain(gains.begin() + static_cast<std::ptrdiff_t>(row % gains.size()),
                       gains.begin() + static_cast<std::ptrdiff_t>(row % gains.size() + width));
        double mean = 0, squares = 0;
        if (m_config.block.norm == engine::NormKind::Layer)
            for (std::size_t i = 0; i < gain.size(); ++i)
                mean += x[row + i] / length;
        for (std::size_t i = 0; i < gain.size(); ++i)
            squares += (x[row + i] - mean) * (x[row + i] - mean) / length;
        const double factor = 1.0 / std::sqrt(squares + static_cast<double>(m_config.normEpsilon));
        for (std::size_t i = 0; i < gain.size(); ++i)
            result.push_back((x[row + i] - mean) * factor * gain[i] +
                             (bias != m_tensors.end() ? bias->second[i] : 0.0));
    }
    return result;
}

// The paper's ramp, as its authors write it: interpolated where the wavelength is long against the trained text, left alone where it is short.
double ModelOracle::yarnFrequency(double frequency, int pair, const engine::RopeConfig& rope) const {
    const double dim = rope.dim, trained = rope.yarn->trainedLength;
    const auto pairFor = [&](double rotations) {
        return dim * std::log(trained / (rotations * 2 * 3.14159265358979323846)) / (2 * std::log(rope.base));
    };
    double low = pairFor(rope.yarn->betaFast), high = pairFor(rope.yarn->betaSlow);
    if (rope.yarn->wholeBounds)
        low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0), high = std::min(high, dim - 1);
    const double slow = std::clamp((pair - low) / std::max(high - low, 0.001), 0.0, 1.0);
    return frequency / rope.yarn->factor * slow + frequency * (1 - slow);
}

void ModelOracle::rotate(std::span<double> head, double position, const engine::RopeConfig& rope) const {
    const auto pairs = static_cast<std::size_t>(rope.dim / 2);
    const bool neox = m_config.ropePairing == kernels::RopePairing::Neox;
    for (std::size_t i = 0; i < pairs; ++i) {
        double frequency =
            std::pow(rope.base, -static_cast<double>(i) / static_cast<double>(pairs)) / rope.scale;
        if (rope.yarn)
            frequency = yarnFrequency(frequency, static_cast<int>(i), rope);
        if (!rope.factors.empty())
            frequency /= static_cast<double>((m_isLong ? rope.longFactors : rope.factors)[i]);
        double& a = head[neox ? i : 2 * i];
        double& b = head[neox ? i + pairs : 2 * i + 1];
        const double c = rope.magnitude * std::cos(position * frequency),
                     s = rope.magnitude * std::sin(position * frequency);
        const double rotated = a * c - b * s;
        b = a * s + b * c;
        a = rotated;
    }
}

ModelOracle::Row ModelOracle::attended(const Rows& queries, const Rows& keys, const Rows& values, int layer,
                                       std::size_t token, const Views& views, Positions positions,
                                       Rows* weightsOut) const {
    const int t = static_cast<int>(token), lo = views.lo[token], sinks = views.sinks;
    const int capacity = [&] { // of the cache when it is full, for the frozen mistake
        int most = 0;
        for (std::size_t i = 0; i < views.lo.size(); ++i)
            most = std::max(most, sinks + static_cast<int>(i) - views.lo[i]);
        return most;
    }();
    const auto place = [&](int j) {
        if (positions == Positions::AbsoluteGap)
            return j;
        if (positions == Positions::FrozenAtInsertion)
            return std::min(j, capacity);
        return j < sinks ? j : sinks + (j - lo);
    };
    const engine::LayerConfig& own = m_config.layerConfigs[static_cast<std::size_t>(layer)];
    std::vector<int> visible;
    const auto see = [&](int j) {
        if (own.window == 0 || place(t) - place(j) < own.window)
            visible.push_back(j);
    };
    for (int j = 0; j < std::min(sinks, t + 1); ++j)
        see(j);
    for (int j = std::max(sinks, lo); j <= views.last[token]; ++j)
        see(j);

    const auto d = static_cast<std::size_t>(own.headDim);
    const auto group = static_cast<std::size_t>(m_config.heads / own.kvHeads);
    const auto sinkLogits = m_tensors.find("blk." + std::to_string(layer) + ".attn_sinks.weight");
    const Row slopes = slopesOf(m_config.heads, static_cast<double>(m_config.attention.maxAlibiBias));
    const double cap = static_cast<double>(m_config.attention.softcap);
    Row out(queries[token].size());
    for (std::size_t head = 0; head < static_cast<std::size_t>(m_config.heads); ++head) {
        const auto part = [&](const Row& row, std::size_t index, int position) {
            Row result(row.begin() + static_cast<std::ptrdiff_t>(index * d),
                       row.begin() + static_cast<std::ptrdiff_t>((index + 1) * d));
            if (own.rope != engine::NoRope)
                rotate(result, position, m_config.ropes[static_cast<std::size_t>(own.rope)]);
            return result;
        };
        Row query = part(queries[token], head, place(t));
        const engine::AttentionConfig& style = m_config.attention;
        if (style.temperature > 0)
            for (double& value : query)
                value *=
                    1 + static_cast<double>(style.temperature) *
                            std::log(1 + std::floor(static_cast<double>(place(t)) / style.temperatureLength));
        Row weights;
        double highest = -1e300, total = 0;
        for (const int j : visible) {
            const Row key = part(keys[static_cast<std::size_t>(j)], head / group, place(j));
            double score = 0;
            for (std::size_t i = 0; i < d; ++i)
                score += query[i] * key[i];
            score *= static_cast<double>(m_config.attention.scale);
            if (cap > 0)
                score = cap * std::tanh(score / cap);
            if (m_config.attention.maxAlibiBias > 0)
                score -= slopes[head] * (place(t) - place(j));
            weights.push_back(score);
            highest = std::max(highest, score);
        }
        if (sinkLogits != m_tensors.end()) { // a key without a value
            highest = std::max(highest, sinkLogits->second[head]);
            total += std::exp(sinkLogits->second[head] - highest);
        }
        for (double& weight : weights)
            total += weight = std::exp(weight - highest);
        if (weightsOut != nullptr) {
            auto& row = weightsOut->emplace_back(queries.size());
            for (std::size_t k = 0; k < visible.size(); ++k)
                row[static_cast<std::size_t>(visible[k])] = weights[k] / total;
        }
        for (std::size_t k = 0; k < visible.size(); ++k)
            for (std::size_t i = 0; i < d; ++i)
                out[head * d + i] +=
                    weights[k] / total * values[static_cast<std::size_t>(visible[k])][head / group * d + i];
    }
    return out;
}

void ModelOracle::queriesKeysValues(int layer, const Row& x, Row& query, Row& key, Row& value) const {
    const std::string block = "blk." + std::to_string(layer) + ".";
    const engine::LayerConfig& own = m_config.layer(layer);
    const auto queries = static_cast<std::size_t>(m_config.heads * own.headDim),
               keys = static_cast<std::size_t>(own.kvHeads * own.headDim);
    if (m_tensors.contains(block + "attn_qkv.weight")) {
        query = project(block + "attn_qkv", x, 0, queries);
        key = project(block + "attn_qkv", x, queries, keys);
        value = project(block + "attn_qkv", x, queries + keys, keys);
    } else {
        query = project(block + "attn_q", x);
        key = project(block + "attn_k", x);
        value = m_tensors.contains(block + "attn_v.weight") ? project(block + "attn_v", x) : key;
    }
    if (m_config.block.valueNorm) {
        const auto width = static_cast<std::size_t>(own.headDim);
        for (std::size_t head = 0; head < value.size(); head += width) {
            double squares = 0;
            for (std::size_t i = head; i < head + width; ++i)
                squares += value[i] * value[i] / static_cast<double>(width);
            for (std::size_t i = head; i < head + width; ++i)
                value[i] /= std::sqrt(squares + static_cast<double>(m_config.normEpsilon));
        }
    }
    const double limit = static_cast<double>(m_config.block.clampQkv);
    if (limit > 0)
        for (Row* row : {&query, &key, &value})
            for (double& number : *row)
                number = std::clamp(number, -limit, limit);
    if (m_tensors.contains(block + "attn_q_norm.weight")) {
        query = normed(block + "attn_q_norm", query, static_cast<std::size_t>(own.headDim));
        key = normed(block + "attn_k_norm", key, static_cast<std::size_t>(own.headDim));
    }
}

// Every expert is asked; those that were not chosen count nothing.
ModelOracle::Row ModelOracle::mixture(const std::string& block, const Row& x) const {
    const engine::ExpertsConfig& experts = m_config.experts;
    const auto count = static_cast<std::size_t>(experts.count),
               inner = static_cast<std::size_t>(experts.ffnDim);
    const Row logits = project(block + "ffn_gate_inp", x);
    Row sorted = logits;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const double least = sorted[static_cast<std::size_t>(experts.used) - 1];
    double total = 0;
    for (const double logit : logits)
        total += logit >= least || experts.weights == kernels::ExpertWeights::OfAll ? std::exp(logit) : 0;
    Row sum(x.size());
    for (std::size_t expert = 0; expert < count; ++expert) {
        if (logits[expert] < least)
            continue;
        const Row gate = project(block + "ffn_gate_exps", x, expert * inner, inner);
        Row up = project(block + "ffn_up_exps", x, expert * inner, inner);
        for (std::size_t i = 0; i < inner; ++i)
            up[i] = gated(m_config.block.activation, gate[i], up[i]);
        const Row down = project(block + "ffn_down_exps", up, expert * x.size(), x.size());
        for (std::size_t i = 0; i < x.size(); ++i)
            sum[i] += std::exp(logits[expert]) / total * down[i];
    }
    if (!m_tensors.contains(block + "ffn_up_shexp.weight"))
        return sum;
    const Row gate = project(block + "ffn_gate_shexp", x);
    Row up = project(block + "ffn_up_shexp", x);
    for (std::size_t i = 0; i < up.size(); ++i)
        up[i] = gated(m_config.block.activation, gate[i], up[i]);
    const Row down = project(block + "ffn_down_shexp", up);
    const bool isGated = m_tensors.contains(block + "ffn_gate_inp_shexp.weight");
    const double share = isGated ? 1 / (1 + std::exp(-project(block + "ffn_gate_inp_shexp", x)[0])) : 1;
    for (std::size_t i = 0; i < x.size(); ++i)
        sum[i] += share * down[i];
    return sum;
}

ModelOracle::Row ModelOracle::feedForward(const std::string& block, const Row& x) const {
    if (m_config.experts.count > 0)
        return mixture(block, x);
    Row inner = project(block + "ffn_up", x);
    if (m_config.block.fusedGateUp) { // rows of the gate first
        Row gate(inner.begin(), inner.begin() + static_cast<std::ptrdiff_t>(inner.size() / 2));
        inner.erase(inner.begin(), inner.begin() + static_cast<std::ptrdiff_t>(gate.size()));
        for (std::size_t i = 0; i < inner.size(); ++i)
            inner[i] *= activation(m_config.block.activation, gate[i]);
    } else if (m_tensors.contains(block + "ffn_gate.weight")) {
        const Row gate = project(block + "ffn_gate", x);
        for (std::size_t i = 0; i < inner.size(); ++i)
            inner[i] *= activation(m_config.block.activation, gate[i]);
    } else {
        for (double& value : inner)
            value = activation(m_config.block.activation, value);
    }
    return project(block + "ffn_down", inner);
}

void ModelOracle::add(Row& x, Row branch, const std::string& postNorm) const {
    if (m_tensors.contains(postNorm + ".weight") && m_config.block.normAfter)
        branch = normed(postNorm, branch);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] += static_cast<double>(m_config.residualScale) * branch[i];
}

std::vector<std::vector<double>> ModelOracle::run(std::span<const engine::TokenId> tokens, const Views& views,
                                                  Positions positions, Rows* lastRows) const {
    const auto dim = static_cast<std::size_t>(m_config.dim);
    const std::size_t n = tokens.size();
    const engine::BlockConfig& shape = m_config.block;
    Rows x(n);
    for (std::size_t t = 0; t < n; ++t) {
        const auto row = tensor("token_embd.weight").begin() +
                         static_cast<std::ptrdiff_t>(static_cast<std::size_t>(tokens[t]) * dim);
        x[t].assign(row, row + static_cast<std::ptrdiff_t>(dim));
        for (double& value : x[t])
            value *= static_cast<double>(m_config.embeddingScale);
    }
    m_isLong = false;
    for (const engine::RopeConfig& rope : m_config.ropes) {
        const int window = views.window >= 0 ? views.window : static_cast<int>(n);
        m_isLong = m_isLong || (!rope.longFactors.empty() && views.sinks + window + 1 > rope.shortLength);
    }
    for (int layer = 0; layer < m_config.layers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        Rows inputs(n), queries(n), keys(n), values(n);
        for (std::size_t t = 0; t < n; ++t) {
            inputs[t] = shape.normBefore ? normed(block + shape.attentionNorm, x[t]) : x[t];
            queriesKeysValues(layer, inputs[t], queries[t], keys[t], values[t]);
        }
        for (std::size_t t = 0; t < n; ++t) {
            const Row before = x[t];
            add(x[t],
                project(block + "attn_output", attended(queries, keys, values, layer, t, views, positions,
                                                        t + 1 == n ? lastRows : nullptr)),
                block + shape.attentionPostNorm);
            const bool parallel = shape.order != engine::BlockOrder::Sequential;
            Row second = parallel ? before : x[t];
            if (shape.order == engine::BlockOrder::ParallelOneNorm)
                second = inputs[t];
            else if (shape.normBefore)
                second = normed(block + shape.feedForwardNorm, second);
            add(x[t], feedForward(block, second), block + shape.feedForwardPostNorm);
            if (const auto scale = m_tensors.find(block + "layer_output_scale.weight");
                scale != m_tensors.end())
                for (double& value : x[t])
                    value *= scale->second[0];
        }
    }
    Rows logits(n);
    for (std::size_t t = 0; t < n; ++t) {
        logits[t] = project(m_config.tiedOutput ? "token_embd" : "output", normed("output_norm", x[t]));
        for (double& logit : logits[t]) {
            logit *= static_cast<double>(m_config.logitScale);
            if (const double cap = static_cast<double>(m_config.logitSoftcap); cap > 0)
                logit = cap * std::tanh(logit / cap);
        }
    }
    return logits;
}

double worstDifference(std::span<const float> logits, std::span<const double> expected) {
    if (logits.size() != expected.size())
        return INFINITY;
    double worst = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double difference = std::abs(static_cast<double>(logits[i]) - expected[i]);
        worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
    }
    return worst;
}

} // namespace test
