#pragma once
#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

// The same toy model on two devices.
namespace test {

// Of logits that are about 1 in size: sums of float32 in another order on each device, through two layers.
inline constexpr double tolerance = 2e-4;

inline std::shared_ptr<const engine::Model> loadOn(const std::filesystem::path& path,
                                                   const std::string& device, int deviceLayers = 0) {
    return loadToy(path, 1, device, deviceLayers);
}

/// The largest difference of two tables of logits.
inline double worst(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t row = 0; row < a.size(); ++row)
        for (std::size_t i = 0; i < a[row].size(); ++i) {
            const double difference =
                std::fabs(static_cast<double>(a[row][i]) - static_cast<double>(b[row][i]));
            largest = std::isfinite(difference) ? std::max(largest, difference) : INFINITY;
        }
    return largest;
}

/// A toy model of the family that the parameter names, on the CPU and on another device.
class TwoDevices : public testing::TestWithParam<std::string> {
protected:
    void load(const std::string& device, kernels::DType type = kernels::DType::F32) {
        m_path = writeToyModel({.architecture = GetParam(), .type = type});
        m_cpu = loadOn(m_path, "cpu");
        m_there = loadOn(m_path, device);
        ASSERT_EQ(m_there->info.deviceProblem, "");
    }
    std::vector<engine::TokenId> tokens(int count, unsigned seed = 5) const {
        return randomTokens(count, m_cpu->config.vocabulary, seed);
    }

    void expectLogitsOfTheCpuWhileTheRingWraps(const std::vector<engine::TokenId>& text,
                                               engine::ContextOptions options,
                                               double bound = tolerance) const {
        for (const engine::StreamPosition start :
             {engine::StreamPosition{0}, engine::StreamPosition{4'000'000}}) {
            options.ringStart = start;
            engine::Context here(m_cpu, options), there(m_there, options);
            EXPECT_LT(worst(feedAll(here, text, 1), feedAll(there, text, 2)), bound) << start;
        }
    }
    void expectAStreamGoesOnOnTheCpu(const std::vector<engine::TokenId>& text,
                                     const std::vector<engine::TokenId>& more,
                                     const engine::ContextOptions& options) const {
        engine::Context there(m_there, options);
        feedAll(there, text, 1);
        expectTheSameOnTheCpu(there, more, options);
    }
    /// What `there` has read goes on on the CPU, and there.
    void expectTheSameOnTheCpu(engine::Context& there, std::span<const engine::TokenId> more,
                               const engine::ContextOptions& options) const {
        engine::Context here(m_cpu, options);
        here.restore(there.save());
        EXPECT_LT(worst(feedAll(here, more, 1), feedAll(there, more, 1)), tolerance);
    }
    void expectAttentionAsOnTheCpu() const {
        const auto text = tokens(40);
        const engine::ContextOptions options = exactOptions(4, 21, 13);
        engine::Context here(m_cpu, options), there(m_there, options);
        engine::AttentionFrame seenHere, seenThere;
        const engine::CaptureRequest everything{.level = engine::CaptureLevel::Record};
        for (const auto& [context, frame] : {std::pair{&here, &seenHere}, std::pair{&there, &seenThere}}) {
            const auto& config = context->model().config;
            engine::prepareFrame(*frame, everything, config.layers, config.heads,
                                 context->keysAndValues().shape().slots());
            frame->level = everything.level;
            context->feed(text, engine::LogitsWanted::None, frame);
        }
        EXPECT_LT(worst({seenHere.rows}, {seenThere.rows}), tolerance);
        EXPECT_LT(worst({seenHere.slotMass}, {seenThere.slotMass}), tolerance);
        for (std::size_t head = 0; head < seenHere.headStats.size(); ++head) {
            const kernels::HeadStats &a = seenHere.headStats[head], &b = seenThere.headStats[head];
            EXPECT_NEAR(a.slot0, b.slot0, tolerance);
            EXPECT_NEAR(a.sinks, b.sinks, tolerance);
            EXPECT_NEAR(a.recent, b.recent, tolerance);
            EXPECT_NEAR(a.learnedSink, b.learnedSink, tolerance);
            EXPECT_NEAR(a.effectiveKeys, b.effectiveKeys, tolerance * static_cast<double>(a.effectiveKeys));
            EXPECT_NEAR(a.outputNorm, b.outputNorm, tolerance * (1 + static_cast<double>(a.outputNorm)));
        }
    }
    /// The last layer there, the other one on the CPU.
    void splitModel(const std::string& device) {
        m_there = loadOn(m_path, device, 1);
        ASSERT_EQ(m_there->info.deviceProblem, "");
        ASSERT_NE(m_there->info.device.find("1 of 2 layers"), std::string::npos) << m_there->info.device;
    }
    void expectASplitModelToDoAllThat(const std::string& device) {
        splitModel(device);
        expectLogitsOfTheCpuWhileTheRingWraps(tokens(40), exactOptions(4, 17, 13));
        expectAStreamGoesOnOnTheCpu(tokens(30), tokens(6, 9), exactOptions(4, 17, 13));
        expectAttentionAsOnTheCpu();
    }
    /// With more and more memory on the device: on the CPU, split, and whole. The split model computes what the CPU does.
    void expectLayersThatDoNotFitToStayOnTheCpu(const std::string& device,
                                                const std::function<void(std::uint64_t)>& limitMemory) {
        std::shared_ptr<const engine::Model> split;
        constexpr std::uint64_t step = 1u << 17; // less than a layer takes
        for (std::uint64_t bytes = step;; bytes += step) {
            limitMemory(bytes);
            const auto model = loadOn(m_path, device);
            if (model->runsOnCpu()) {
                ASSERT_EQ(split, nullptr) << bytes;
                ASSERT_NE(model->info.deviceProblem.find("no memory left"), std::string::npos)
                    << model->info.deviceProblem;
                continue;
            }
            if (model->info.deviceLayers == m_cpu->config.layers)
                break;
            split = model;
        }
        ASSERT_NE(split, nullptr);
        EXPECT_NE(split->info.device.find("1 of 2 layers on "), std::string::npos) << split->info.device;
        limitMemory(UINT64_MAX);
        m_there = split;
        expectLogitsOfTheCpuWhileTheRingWraps(tokens(40), exactOptions(4, 17, 13));
    }
    void expectToRunOnTheCpuForWantOfMemory(const std::string& device) const {
        const auto model = loadOn(m_path, device);
        EXPECT_NE(model->info.deviceProblem.find("no memory left"), std::string::npos)
            << model->info.deviceProblem;
        EXPECT_EQ(model->info.device, "CPU, 1 thread");
    }

    std::filesystem::path m_path;
    std::shared_ptr<const engine::Model> m_cpu, m_there;
};

/// The parameter, as the name of a test.
inline std::string familyName(const testing::TestParamInfo<std::string>& test) {
    std::string name = test.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

} // namespace test
