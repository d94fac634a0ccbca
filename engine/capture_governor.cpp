#include "engine/capture_governor.h"

#include <algorithm>
#include <cmath>

namespace engine {

void CaptureGovernor::Times::add(float value) {
    values[static_cast<std::size_t>(count) % values.size()] = value;
    ++count;
}

namespace {

float medianOf(std::array<float, 32> values, int count) {
    const auto used =
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(static_cast<std::size_t>(count), values.size()));
    std::nth_element(values.begin(), values.begin() + used / 2, values.begin() + used);
    return values[static_cast<std::size_t>(used / 2)];
}

} // namespace

float CaptureGovernor::Times::median() const {
    return medianOf(values, count);
}

float CaptureGovernor::Times::spread() const {
    std::array<float, 32> distances{};
    const float middle = median();
    for (std::size_t i = 0; i < values.size(); ++i)
        distances[i] = std::abs(values[i] - middle);
    // 1.4826 turns the median distance into a standard deviation, 1.2533 that of a mean into that of a
    // median.
    return 1.4826f * 1.2533f * medianOf(distances, count) /
           std::sqrt(
               static_cast<float>(std::min<std::size_t>(static_cast<std::size_t>(count), values.size())));
}

bool CaptureGovernor::blockIsOff() const {
    const std::int64_t block = m_token / BlockTokens;
    return m_token < MeasuredTokens ? block % 2 == 1 : block % RareBlocks == RareBlocks - 1;
}

CaptureRequest CaptureGovernor::next(const CaptureRequest& wanted) {
    if (wanted.level != m_wanted.level) {
        *this = CaptureGovernor();
        m_level = wanted.level;
    }
    m_wanted = wanted;
    CaptureRequest now = wanted;
    // Recording is an explicit wish and may be slow; without a look there is nothing to measure.
    if (wanted.level == CaptureLevel::Map || wanted.level == CaptureLevel::Record)
        return now;
    now.level = blockIsOff() ? CaptureLevel::Map : m_level;
    return now;
}

void CaptureGovernor::tokenDone(double seconds) {
    if (m_wanted.level == CaptureLevel::Map || m_wanted.level == CaptureLevel::Record)
        return;
    m_blockSeconds += seconds;
    if ((m_token + 1) % BlockTokens == 0)
        closeBlock();
    ++m_token;
}

void CaptureGovernor::closeBlock() {
    const bool off = blockIsOff();
    (off ? m_off : m_on).add(static_cast<float>(m_blockSeconds / BlockTokens));
    m_blockSeconds = 0;
    if (!off || m_on.count < 3 || m_off.count < 3)
        return;
    m_cost = std::max(0.0f, m_on.median() / m_off.median() - 1.0f);
    const float doubt = 2 * (m_on.spread() + m_off.spread()) / m_off.median();
    m_tooDear = m_cost - doubt > Limit ? m_tooDear + 1 : 0;
    if (m_tooDear >= Patience && m_level > CaptureLevel::Map) {
        m_level = static_cast<CaptureLevel>(static_cast<int>(m_level) - 1);
        m_on = Times();
        m_tooDear = 0;
    }
}

} // namespace engine
