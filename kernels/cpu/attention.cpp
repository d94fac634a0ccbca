#include "kernels/cpu/attention.h"

#include <utility>

namespace kernels {

void Attention::run(const AttendArgs& args, const KeyView& view) {
    const AttendCall call(args, view, m_queries);
    const int tokens = static_cast<int>(args.out.rows);
    // A tile is one unit of work, so few queries would leave threads idle; taking them one by one divides the
    // slots instead.
    const bool few = tokens == 1 || tokens * call.kvHeads < 2 * m_pool.threads();
    const int oneByOne = few ? tokens : args.capture ? 1 : 0;
    if (tokens > oneByOne)
        m_bytesRead += m_prefill.run(call, tokens - oneByOne);
    for (int token = tokens - oneByOne; token < tokens; ++token)
        m_bytesRead += m_decode.run(call, token, token == tokens - 1 ? args.capture : nullptr);
}

std::uint64_t Attention::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels
