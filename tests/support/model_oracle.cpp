#include "tests/support/model_oracle.h"

#include "engine/gguf_file.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <cmath>

namespace test {

ModelOracle::ModelOracle(const std::filesystem::path& path) {
    const auto file = engine::GgufFile::open(path);
    m_config = engine::ModelConfig::fromGguf(*file);
    for (const auto& tensor : file->tensors())
        m_tensors[tensor.name] = dequantise(tensor.matrix());
}

ModelOracle::Views ModelOracle::tokenWise(int tokens, int sinks, int window) {
    Views views{.sinks = sinks, .lo = {}, .last = {}};
    for (int t = 0; t < tokens; ++t) {
        views.lo.push_back(std::max(sinks, t - window));
        views.last.push_back(t);
    }
    return views;
}

std::vector<double> ModelOracle::multiply(const std::string& matrix, std::span<const double> x) const {
    const std::vector<double>& w = tensor(matrix);
    std::vector<double> result(w.size() / x.size());
    for (std::size_t row = 0; row < result.size(); ++row)
        for (std::size_t col = 0; col < x.size(); ++col)
            result[row] += w[row * x.size() + col] * x[col];
    return result;
}

std::vector<double> ModelOracle::normed(const std::string& gain, std::span<const double> x) const {
    double squares = 0;
    for (const double value : x)
        squares += value * value;
    const double factor =
        1.0 / std::sqrt(squares / static_cast<double>(x.size()) + static_cast<double>(m_config.normEpsilon));
    std::vector<double> result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        result[i] = x[i] * factor * tensor(gain)[i];
    return result;
}

void ModelOracle::rotate(std::span<double> head, double position) const {
    const auto pairs = static_cast<std::size_t>(m_config.ropeDim / 2);
    const bool neox = m_config.ropePairing == kernels::RopePairing::Neox;
    for (std::size_t i = 0; i < pairs; ++i) {
        double frequency = std::pow(m_config.ropeBase, -static_cast<double>(i) / static_cast<double>(pairs)) /
                           m_config.ropeScale;
        if (!m_config.ropeFrequencyFactors.empty())
            frequency /= static_cast<double>(m_config.ropeFrequencyFactors[i]);
        double& a = head[neox ? i : 2 * i];
        double& b = head[neox ? i + pairs : 2 * i + 1];
        const double c = std::cos(position * frequency), s = std::sin(position * frequency);
        const double rotated = a * c - b * s;
        b = a * s + b * c;
        a = rotated;
    }
}

std::vector<double> ModelOracle::attend(const Rows& queries, const Rows& keys, const Rows& values,
                                        std::size_t token, const Views& views, Positions positions,
                                        Rows* weightsOut) const {
    const int t = static_cast<int>(token), lo = views.lo[token], sinks = views.sinks;
    const int capacity = [&] { // of the cache when it is full, for the frozen mistake
        int most = 0;
        for (std::size_t i = 0; i < views.lo.size(); ++i)
            most = std::max(most, sinks + static_cast<int>(i) - views.lo[i]);
        return most;
    }();
    const auto place = [&](int j) -> double {
        if (positions == Positions::AbsoluteGap)
            return j;
        if (positions == Positions::FrozenAtInsertion)
            return std::min(j, capacity);
        return j < sinks ? j : sinks + (j - lo);
    };
    std::vector<int> visible;
    for (int j = 0; j < std::min(sinks, t + 1); ++j)
        visible.push_back(j);
    for (int j = std::max(sinks, lo); j <= views.last[token]; ++j)
        visible.push_back(j);

    const auto d = static_cast<std::size_t>(m_config.headDim);
    const auto group = static_cast<std::size_t>(m_config.heads / m_config.kvHeads);
    std::vector<double> out(queries[token].size());
    for (std::size_t head = 0; head < static_cast<std::size_t>(m_config.heads); ++head) {
        std::vector<double> query(queries[token].begin() + static_cast<std::ptrdiff_t>(head * d),
                                  queries[token].begin() + static_cast<std::ptrdiff_t>((head + 1) * d));
        rotate(query, place(t));
        std::vector<double> weights;
        double highest = -1e300, total = 0;
        for (const int j : visible) {
            const auto& row = keys[static_cast<std::size_t>(j)];
            std::vector<double> key(row.begin() + static_cast<std::ptrdiff_t>(head / group * d),
                                    row.begin() + static_cast<std::ptrdiff_t>((head / group + 1) * d));
            rotate(key, place(j));
            double score = 0;
            for (std::size_t i = 0; i < d; ++i)
                score += query[i] * key[i];
            weights.push_back(score / std::sqrt(static_cast<double>(d)));
            highest = std::max(highest, weights.back());
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

std::vector<std::vector<double>> ModelOracle::run(std::span<const engine::TokenId> tokens, const Views& views,
                                                  Positions positions, Rows* lastRows) const {
    const auto dim = static_cast<std::size_t>(m_config.dim);
    const std::size_t n = tokens.size();
    Rows x(n);
    for (std::size_t t = 0; t < n; ++t) {
        const auto row = tensor("token_embd.weight").begin() +
                         static_cast<std::ptrdiff_t>(static_cast<std::size_t>(tokens[t]) * dim);
        x[t].assign(row, row + static_cast<std::ptrdiff_t>(dim));
    }
    const auto add = [](std::vector<double>& to, const std::vector<double>& more) {
        for (std::size_t i = 0; i < to.size(); ++i)
            to[i] += more[i];
    };
    for (int layer = 0; layer < m_config.layers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        Rows queries(n), keys(n), values(n);
        for (std::size_t t = 0; t < n; ++t) {
            const auto h = normed(block + "attn_norm.weight", x[t]);
            queries[t] = multiply(block + "attn_q.weight", h);
            keys[t] = multiply(block + "attn_k.weight", h);
            values[t] = multiply(block + "attn_v.weight", h);
        }
        for (std::size_t t = 0; t < n; ++t) {
            add(x[t],
                multiply(block + "attn_output.weight", attend(queries, keys, values, t, views, positions,
                                                              t + 1 == n ? lastRows : nullptr)));
            const auto h = normed(block + "ffn_norm.weight", x[t]);
            auto gate = multiply(block + "ffn_gate.weight", h);
            const auto up = multiply(block + "ffn_up.weight", h);
            for (std::size_t i = 0; i < gate.size(); ++i)
                gate[i] = gate[i] / (1.0 + std::exp(-gate[i])) * up[i];
            add(x[t], multiply(block + "ffn_down.weight", gate));
        }
    }
    Rows logits(n);
    for (std::size_t t = 0; t < n; ++t)
        logits[t] = multiply(m_config.tiedOutput ? "token_embd.weight" : "output.weight",
                             normed("output_norm.weight", x[t]));
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
