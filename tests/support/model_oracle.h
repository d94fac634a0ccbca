#pragma once
#include "engine/model_config.h"
#include "engine/types.h"

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace test {

/// A decoder in plain double precision that re-rotates (or re-biases) every key for every query, as the authors
/// of StreamingLLM do. It follows ModelConfig::block. It knows nothing of rings, chunks or stream positions. Slow; for toy models.
class ModelOracle {
public:
    explicit ModelOracle(const std::filesystem::path& path);

    /// How keys and queries get their positions. InCache is the paper; the others are mistakes found in the
    /// wild, here so that tests can show that they would be
    /// noticed.
    enum class Positions {
        InCache,
        AbsoluteGap,       // sinks and ring at their places in the stream
        FrozenAtInsertion, // rotated once, at the length of the cache when they came
    };

    /// What token i sees: the sinks before it and tokens lo[i] .. last[i] (normally i).
    struct Views {
        int sinks = 0;
        int window = -1; // of the cache; -1 = all
        std::vector<int> lo;
        std::vector<int> last;
    };
    /// Token-wise eviction: lo(t) = max(S, t - W).
    static Views tokenWise(int tokens, int sinks, int window);

    /// Logits of every token, (tokens, vocabulary). `lastRows` gets what the last token looked at: weights
    /// (layers * heads, tokens), 0 where it sees nothing.
    std::vector<std::vector<double>> run(std::span<const engine::TokenId> tokens, const Views& views,
                                         Positions positions = Positions::InCache,
                                         std::vector<std::vector<double>>* lastRows = nullptr) const;

    const engine::ModelConfig& config() const { return m_config; }

private:
    using Row = std::vector<double>;
    using Rows = std::vector<Row>;
    const Row& tensor(const std::string& name) const { return m_tensors.at(name); }
    /// Rows [first, first + rows) of a matrix, and of the bias beside it; rows 0 = all.
    Row project(const std::string& name, std::span<const double> x, std::size_t first = 0,
                std::size_t rows = 0) const;
    Row normed(const std::string& name, std::span<const double> x, std::size_t rowLength = 0) const;
    Row attended(const Rows& queries, const Rows& keys, const Rows& values, int layer, std::size_t token,
                 const Views& views, Positions positions, Rows* weightsOut) const;
    double yarnFrequency(double frequency, int pair, const engine::RopeConfig& rope) const;
    void rotate(std::span<double> head, double position, const engine::RopeConfig& rope) const;
    void queriesKeysValues(int layer, const Row& x, Row& query, Row& key, Row& value) const;
    Row feedForward(const std::string& block, const Row& x) const;
    Row mixture(const std::string& block, const Row& x) const;
    void add(Row& x, Row branch, const std::string& postNorm) const;

    engine::ModelConfig m_config;
    mutable bool m_isLong = false; // of the run: factors for long texts
    std::map<std::string, std::vector<double>> m_tensors;
};

/// Largest difference of two rows of logits.
double worstDifference(std::span<const float> logits, std::span<const double> expected);

} // namespace test
