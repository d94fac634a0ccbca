#pragma once
#include "engine/attention_frame.h"

#include <array>
#include <cstdint>

namespace engine {

/// Measures what looking at attention costs on this machine and keeps it below a limit. For the first 128
/// tokens of an answer it looks in every other block of 16 tokens, later it leaves out one block in 64; the
/// medians of the time per token with and without tell the cost. Above 3 % in three checks in a row it goes
/// one level down. Engine thread; no allocation.
class CaptureGovernor {
public:
    static constexpr int BlockTokens = 16, MeasuredTokens = 128, RareBlocks = 64;
    static constexpr float Limit = 0.03f;
    static constexpr int Patience = 3;

    /// What to capture for the next token. `wanted` as the views ask for it; a change starts the measuring
    /// anew.
    CaptureRequest next(const CaptureRequest& wanted);
    /// The token that next() was asked for took this long.
    void tokenDone(double seconds);

    float cost() const { return m_cost; } // -1: not measured yet
    CaptureLevel level() const { return m_level; }
    bool lowered() const { return m_level < m_wanted.level; }

private:
    bool blockIsOff() const;
    void closeBlock();

    struct Times { // the newest block means
        std::array<float, 32> values{};
        int count = 0;
        void add(float value);
        float median() const;
        float spread() const; // standard error of the median
    };

    CaptureRequest m_wanted;
    CaptureLevel m_level = CaptureLevel::Map;
    Times m_on, m_off;
    std::int64_t m_token = 0; // since the measuring began
    double m_blockSeconds = 0;
    float m_cost = -1;
    int m_tooDear = 0; // checks in a row
};

} // namespace engine
