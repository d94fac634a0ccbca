#include "engine/logits.h"

#include "engine/log_sum_exp.h"

#include <algorithm>

namespace engine {

double Logits::negativeLogLikelihood(TokenId token) const {
    if (m_hasTop)
        for (const auto& part : {m_top.largest, m_top.apart}) {
            const auto found = std::find_if(part.begin(), part.end(),
                                            [&](const kernels::Logit& one) { return one.id == token; });
            if (found != part.end())
                return m_top.logSumExp - static_cast<double>(found->value);
        }
    const std::span<const float> row = all();
    return logSumExp(row) - static_cast<double>(row[static_cast<std::size_t>(token)]);
}

} // namespace engine
