#include "kernels/cpu/half.h"
#include "kernels/cpu/linear_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

// Plain C++: runs everywhere and says in the simplest words what the other levels compute.
namespace kernels {
namespace {

constexpr int kTokens = 8;

struct BlockScales {
    float scale;
    float scaledSum;
    std::int32_t minusSum;
    std::int32_t minusSumHigh;
};

BlockScales scalesOf(const std::byte* block, int tokens, int token) {
    const std::byte* const tail = block + tokens * kTileColumns;
    BlockScales scales;
    std::memcpy(&scales.scale, tail + 4 * token, 4);
    std::memcpy(&scales.scaledSum, tail + 4 * (tokens + token), 4);
    std::memcpy(&scales.minusSum, tail + 4 * (2 * tokens + token), 4);
    std::memcpy(&scales.minusSumHigh, tail + 4 * (3 * tokens + token), 4);
    return scales;
}

void quantiseBlock(const float* x, int tokens, int token, std::byte* block) {
    float largest = 0.0f;
    for (int i = 0; i < kTileColumns; ++i) {
        largest = std::max(largest, std::fabs(x[i]));
    }
    const float inverse = largest > 0.0f ? 127.0f / largest : 0.0f;
    std::int8_t values[kTileColumns];
    std::int32_t sum[2] = {0, 0};
    for (int i = 0; i < kTileColumns; ++i) {
        values[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(x[i] * inverse), -127.0f, 127.0f));
        sum[i / 16] += values[i];
    }
    const float scale = largest / 127.0f;
    const float scaledSum = scale * static_cast<float>(sum[0] + sum[1]);
    const std::int32_t minusSums[2] = {-(sum[0] + sum[1]), -sum[1]};
    std::byte* const tail = block + tokens * kTileColumns;
    std::memcpy(block + token * kTileColumns, values, sizeof values);
    std::memcpy(tail + 4 * token, &scale, 4);
    std::memcpy(tail + 4 * (tokens + token), &scaledSum, 4);
    std::memcpy(tail + 4 * (2 * tokens + token), &minusSums[0], 4);
    std::memcpy(tail + 4 * (3 * tokens + token), &minusSums[1], 4);
}

void quantise(const float* x, std::int64_t stride, int tokens, std::int64_t blocks, std::byte* out) {
    for (std::int64_t b = 0; b < blocks; ++b) {
        for (int token = 0; token < tokens; ++token) {
            quantiseBlock(x + token * stride + b * kTileColumns, tokens, token,
                          out + b * tokens * kActivationBytes);
        }
    }
}

/// dot[row] += products of the columns 4 * first .. 4 * last - 1.
void addDot(const ExpandedTile& tile, int first, int last, const std::int8_t* a, std::int32_t* dot) {
    for (int j = first; j < last; ++j) {
        for (int row = 0; row < kGroupRows; ++row) {
            const std::uint8_t* const q = tile.q[j][row];
            dot[row] += q[0] * a[4 * j] + q[1] * a[4 * j + 1] + q[2] * a[4 * j + 2] + q[3] * a[4 * j + 3];
        }
    }
}

/// One tile times one token. Never inlined, so that every batch size runs the same instructions.
template <FormatKind kind>
[[gnu::noinline]] void addTile(const ExpandedTile& tile, int zeroPoint, const std::byte* block, int tokens,
                               int token, float* sums) {
    std::int8_t a[kTileColumns];
    std::memcpy(a, block + token * kTileColumns, sizeof a);
    const BlockScales scales = scalesOf(block, tokens, token);
    std::int32_t low[kGroupRows];
    std::int32_t high[kGroupRows];
    const std::int32_t startHigh = kind == FormatKind::SplitScale ? scales.minusSumHigh : 0;
    std::fill_n(low, kGroupRows, zeroPoint * (scales.minusSum - startHigh));
    std::fill_n(high, kGroupRows, zeroPoint * startHigh);
    addDot(tile, 0, 4, a, low);
    addDot(tile, 4, 8, a, kind == FormatKind::SplitScale ? high : low);
    for (int row = 0; row < kGroupRows; ++row) {
        sums[row] += static_cast<float>(low[row]) * (tile.scale[row] * scales.scale);
        if constexpr (kind == FormatKind::SplitScale) {
            sums[row] += static_cast<float>(high[row]) * (tile.scaleHigh[row] * scales.scale);
        }
        if constexpr (kind == FormatKind::Affine) {
            sums[row] += tile.offset[row] * scales.scaledSum;
        }
    }
}

template <FormatKind kind, int tokens>
void product(const ExpandedTile* tiles, int count, int zeroPoint, const std::byte* activations, float* sums) {
    for (int t = 0; t < count; ++t) {
        for (int token = 0; token < tokens; ++token) {
            addTile<kind>(tiles[t], zeroPoint, activations + t * tokens * kActivationBytes, tokens, token,
                          sums + token * kGroupRows);
        }
    }
}

template <DType type>
void expand(const std::byte* group, std::int64_t tiles, std::int64_t first, int count, ExpandedTile* out) {
    const Format& format = formatOf(type);
    const std::byte* const aux = group + format.quantBytesOf(tiles * kTileColumns);
    for (std::int64_t tile = first; tile < first + count; ++tile) {
        const std::int64_t unit = tile / format.tilesPerUnit();
        format.expandTile(group + tile * format.quantBytes, aux + unit * format.auxBytes,
                          static_cast<int>(tile % format.tilesPerUnit()), *out++);
    }
}

template <DType type, FormatKind kind>
void matVec(const std::byte* group, std::size_t groupBytes, std::int64_t groups, std::int64_t tiles,
            const std::byte* activations, float* sums) {
    const int zeroPoint = formatOf(type).zeroPoint;
    for (std::int64_t g = 0; g < groups; ++g) {
        std::fill_n(sums + g * kGroupRows, kGroupRows, 0.0f);
        for (std::int64_t tile = 0; tile < tiles; ++tile) {
            ExpandedTile expanded;
            expand<type>(group + static_cast<std::size_t>(g) * groupBytes, tiles, tile, 1, &expanded);
            product<kind, 1>(&expanded, 1, zeroPoint, activations + tile * kActivationBytes,
                             sums + g * kGroupRows);
        }
    }
}

template <FormatKind kind>
void dequantise(const ExpandedTile& tile, int zeroPoint, float* out) {
    for (int column = 0; column < kTileColumns; ++column) {
        const bool upper = kind == FormatKind::SplitScale && column >= 16;
        for (int row = 0; row < kGroupRows; ++row) {
            const float value = static_cast<float>(tile.q[column / 4][row][column % 4] - zeroPoint);
            const float scaled = (upper ? tile.scaleHigh[row] : tile.scale[row]) * value; // exact
            out[column * kGroupRows + row] = kind == FormatKind::Affine ? scaled + tile.offset[row] : scaled;
        }
    }
}

void widenFloat(const std::byte* weights, std::int64_t columns, float* out) {
    std::memcpy(out, weights, static_cast<std::size_t>(columns) * kGroupRows * sizeof(float));
}

template <bool brain>
void widenHalf(const std::byte* weights, std::int64_t columns, float* out) {
    for (std::int64_t i = 0; i < columns * kGroupRows; ++i) {
        std::uint16_t half;
        std::memcpy(&half, weights + 2 * i, 2);
        out[i] = brain ? std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16) : halfToFloat(half);
    }
}

/// One token of a panel; never inlined for the same reason as addTile.
[[gnu::noinline]] void addPanel(const float* panel, std::int64_t columns, const float* x, int stride,
                                float* sums) {
    float panelSums[kGroupRows] = {};
    for (std::int64_t column = 0; column < columns; ++column) {
        const float value = x[column * stride];
        for (int row = 0; row < kGroupRows; ++row) {
            panelSums[row] += panel[column * kGroupRows + row] * value;
        }
    }
    for (int row = 0; row < kGroupRows; ++row) {
        sums[row] += panelSums[row];
    }
}

template <int tokens>
void floatProduct(const float* panel, std::int64_t columns, const float* activations, float* sums) {
    for (int token = 0; token < tokens; ++token) {
        addPanel(panel, columns, activations + token, tokens, sums + token * kGroupRows);
    }
}

constexpr auto kSymmetric = FormatKind::Symmetric;
constexpr auto kAffine = FormatKind::Affine;
constexpr auto kSplit = FormatKind::SplitScale;

} // namespace

const LinearKernels linearKernelsPortable{
    kTokens,
    quantise,
    {nullptr, nullptr, nullptr, matVec<DType::Q4_0, kSymmetric>, matVec<DType::Q4_1, kAffine>,
     matVec<DType::Q5_0, kSymmetric>, matVec<DType::Q5_1, kAffine>, matVec<DType::Q8_0, kSymmetric>,
     matVec<DType::Q4_K, kAffine>, matVec<DType::Q5_K, kAffine>, matVec<DType::Q6_K, kSplit>},
    {nullptr, nullptr, nullptr, expand<DType::Q4_0>, expand<DType::Q4_1>, expand<DType::Q5_0>,
     expand<DType::Q5_1>, expand<DType::Q8_0>, expand<DType::Q4_K>, expand<DType::Q5_K>, expand<DType::Q6_K>},
    {{product<kSymmetric, 1>, product<kSymmetric, 2>, product<kSymmetric, 4>, product<kSymmetric, 8>},
     {product<kAffine, 1>, product<kAffine, 2>, product<kAffine, 4>, product<kAffine, 8>},
     {product<kSplit, 1>, product<kSplit, 2>, product<kSplit, 4>, product<kSplit, 8>}},
    {dequantise<kSymmetric>, dequantise<kAffine>, dequantise<kSplit>},
    {widenFloat, widenHalf<false>, widenHalf<true>},
    {floatProduct<1>, floatProduct<2>, floatProduct<4>, floatProduct<8>},
};

} // namespace kernels
