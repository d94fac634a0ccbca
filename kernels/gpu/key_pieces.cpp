#include "kernels/gpu/key_pieces.h"

#include "kernels/round_up.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace kernels::gpu {
namespace {

HeadStats headStatsOf(const float* sums) {
    HeadStats stats;
    const float sum = sums[5];
    if (sum <= 0)
        return stats;
    stats.slot0 = sums[0];
    stats.sinks = sums[1];
    stats.recent = sums[2];
    stats.outputNorm = std::sqrt(sums[3]);
    stats.learnedSink = sums[4];
    stats.effectiveKeys = std::exp2(std::log2(sum) - sums[6] / sum);
    return stats;
}

} // namespace

PieceList listPieces(const KeyView& view, std::vector<std::int32_t>& words, std::int32_t unit) {
    PieceList list;
    const std::size_t tokens = view.tokens();
    list.firstPieceAt = static_cast<std::uint32_t>(words.size());
    words.resize(words.size() + tokens + 1);
    list.piecesAt = static_cast<std::uint32_t>(words.size());
    list.firstPiece.push_back(0);
    for (std::size_t token = 0; token < tokens; ++token) {
        std::int32_t pieces = list.firstPiece.back(), keys = 0;
        for (const KeyRun& run : view.of(token))
            for (std::int32_t first = 0; first < run.count; first += pieceKeys) {
                const std::int32_t count = std::min(pieceKeys, run.count - first);
                words.insert(words.end(), {static_cast<std::int32_t>(token), run.firstSlot + first, count,
                                           run.query, static_cast<std::int32_t>(run.distance - first)});
                ++pieces;
                keys += count;
            }
        list.firstPiece.push_back(pieces);
        list.keys.push_back(keys);
    }
    std::copy(list.firstPiece.begin(), list.firstPiece.end(),
              words.begin() + static_cast<std::ptrdiff_t>(list.firstPieceAt));
    const std::int32_t room = roundUp(list.pieces(), unit);
    words.resize(list.piecesAt + pieceWords * static_cast<std::size_t>(room));
    return list;
}

std::vector<std::int32_t> recentSlots(const KeyView& view, int sinkSlots, int recentKeys) {
    std::vector<std::int32_t> slots;
    int left = recentKeys;
    const auto runs = view.of(view.tokens() - 1);
    for (auto run = runs.rbegin(); run != runs.rend() && left > 0; ++run) {
        if (run->firstSlot < sinkSlots)
            continue;
        const int count = std::min(left, run->count);
        for (int i = 0; i < count; ++i)
            slots.push_back(run->firstSlot + run->count - count + i);
        left -= count;
    }
    return slots;
}

void fillCapture(AttentionCapture& capture, const std::byte* stats, const std::byte* mass,
                 const std::byte* rows) {
    for (std::size_t head = 0; head < capture.heads.size(); ++head) {
        float found[statNumbers];
        std::memcpy(found, stats + head * sizeof found, sizeof found);
        capture.heads[head] = headStatsOf(found);
    }
    for (std::size_t slot = 0; slot < capture.slotMass.size(); ++slot) {
        float found = 0;
        std::memcpy(&found, mass + slot * sizeof found, sizeof found);
        capture.slotMass[slot] += found;
    }
    if (!capture.rows.empty())
        std::memcpy(capture.rows.data(), rows, capture.rows.size_bytes());
}

} // namespace kernels::gpu
