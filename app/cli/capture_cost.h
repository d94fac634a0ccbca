#pragma once
#include "engine/context.h"
#include "engine/model.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace cli {

/// What looking at attention costs while decoding with a full cache of `slots` places: blocks of tokens without a look, with C1 and with
/// C2, in the order ABCCBA, on one stream. Greedy. Ratios to "without" by block pairs, medians with a bootstrap interval, in wall
/// time and in processor time of all threads (which other programs on the machine disturb less).
nlohmann::json measureCapture(const std::shared_ptr<const engine::Model>& model, int slots,
                              kernels::KvType ringType, int rounds);
void printCapture(const nlohmann::json& rows);

} // namespace cli
