#include "app/cli/capture_cost.h"

#include "app/cli/model_options.h"
#include "engine/context.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

namespace cli {
namespace {

using engine::CaptureLevel;

constexpr int BlockTokens = 16, Sinks = 4, Resamples = 2000;
constexpr std::array<CaptureLevel, 3> Levels{CaptureLevel::Map, CaptureLevel::Shares, CaptureLevel::Mass};
constexpr std::array<const char*, 3> Names{"without", "c1", "c2"};

struct Times { // seconds a token, one entry a block
    std::vector<double> wall, processor;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Median of the ratios of neighbouring blocks, and where 95 % of its resamplings lie.
nlohmann::json ratio(const std::vector<double>& with, const std::vector<double>& without) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < with.size(); ++i)
        ratios.push_back(with[i] / without[i]);
    std::mt19937 random(1);
    std::vector<double> medians;
    for (int i = 0; i < Resamples; ++i) {
        std::vector<double> sample;
        for (std::size_t k = 0; k < ratios.size(); ++k)
            sample.push_back(ratios[random() % ratios.size()]);
        medians.push_back(median(sample));
    }
    std::sort(medians.begin(), medians.end());
    return {{"median", median(ratios)},
            {"low", medians[static_cast<std::size_t>(Resamples * 0.025)]},
            {"high", medians[static_cast<std::size_t>(Resamples * 0.975)]}};
}

class Run {
public:
    Run(const std::shared_ptr<const engine::Model>& model, int slots, kernels::KvType ringType)
        : m_context(model, {.sinks = Sinks, .window = slots - Sinks, .ringType = ringType}) {
        const auto& c = model->config;
        engine::prepareFrame(m_frame, {CaptureLevel::Mass, 0}, c.layers, c.heads, m_context.cache().slots());
        std::vector<engine::TokenId> text; // a plain counter spread over the vocabulary
        for (int i = 0; i <= slots; ++i)
            text.push_back(static_cast<engine::TokenId>((std::int64_t{i} * 7919 + 13) % c.vocabulary));
        m_logits = m_context.feed(text, engine::LogitsWanted::Last);
    }

    void block(CaptureLevel level, Times& times) {
        m_frame.level = level;
        const double processor = cpuSeconds();
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < BlockTokens; ++i) {
            const auto token = static_cast<engine::TokenId>(
                std::max_element(m_logits.begin(), m_logits.end()) - m_logits.begin());
            m_logits = m_context.feed({&token, 1}, engine::LogitsWanted::Last,
                                      level == CaptureLevel::Map ? nullptr : &m_frame);
        }
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
        times.wall.push_back(wall.count() / BlockTokens);
        times.processor.push_back((cpuSeconds() - processor) / BlockTokens);
    }

private:
    engine::Context m_context;
    engine::AttentionFrame m_frame;
    std::span<const float> m_logits;
};

} // namespace

nlohmann::json measureCapture(const std::shared_ptr<const engine::Model>& model, int slots,
                              kernels::KvType ringType, int rounds) {
    Run run(model, slots, ringType);
    std::array<Times, Levels.size()> times;
    Times warm;
    for (const CaptureLevel level : Levels)
        run.block(level, warm);
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < Levels.size(); ++i)
            run.block(Levels[i], times[i]);
        for (std::size_t i = Levels.size(); i-- > 0;)
            run.block(Levels[i], times[i]);
    }
    nlohmann::json row{{"slots", slots}, {"blocks_of_each", 2 * rounds}, {"tokens_of_a_block", BlockTokens}};
    for (std::size_t i = 0; i < Levels.size(); ++i) {
        row[Names[i]]["milliseconds"] = 1000 * median(times[i].wall);
        if (i > 0) {
            row[Names[i]]["wall_ratio"] = ratio(times[i].wall, times[0].wall);
            row[Names[i]]["processor_ratio"] = ratio(times[i].processor, times[0].processor);
        }
    }
    return row;
}

void printCapture(const nlohmann::json& rows) {
    std::printf("%8s %6s %12s %28s %28s\n", "slots", "level", "ms a token", "wall time, 95 % interval",
                "processor time");
    for (const auto& row : rows) {
        std::printf("%8d %6s %12.3f\n", row["slots"].get<int>(), "none",
                    row["without"]["milliseconds"].get<double>());
        for (const char* name : {"c1", "c2"}) {
            std::printf("%8s %6s %12.3f", "", name, row[name]["milliseconds"].get<double>());
            for (const char* kind : {"wall_ratio", "processor_ratio"})
                std::printf("    %+5.2f %% (%+5.2f .. %+5.2f)",
                            100 * (row[name][kind]["median"].get<double>() - 1),
                            100 * (row[name][kind]["low"].get<double>() - 1),
                            100 * (row[name][kind]["high"].get<double>() - 1));
            std::printf("\n");
        }
    }
}

} // namespace cli
