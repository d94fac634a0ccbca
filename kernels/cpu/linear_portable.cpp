#include "kernels/cpu/linear_kernels.h"
#include "kernels/half.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

// Plain C++: runs everywhere and says in the simplest words what the other levels compute.
namespace kernels {
namespace {

constexpr int maxTokens = 8;

template <class T>
T valueAt(const std::byte* record, int part, int tokens, int token) {
    T value;
    std::memcpy(&value, record + part * tokens + 4 * token, 4);
    return value;
}
template <class T>
void setValueAt(std::byte* record, int part, int tokens, int token, T value) {
    std::memcpy(record + part * tokens + 4 * token, &value, 4);
}

float largestMagnitude(const float* x) {
    float largest = 0.0f;
    for (int i = 0; i < tileColumns; ++i) {
        largest = std::max(largest, std::fabs(x[i]));
    }
    return largest;
}

std::int8_t toByte(float value) {
    return static_cast<std::int8_t>(std::clamp(std::nearbyint(value), -127.0f, 127.0f));
}

struct Term {
    std::int8_t values[tileColumns] = {};
    std::int32_t sum = 0;
    std::int32_t sumHigh = 0;
};

void storeTerm(const Term& term, int termsAt, int sumsAt, int tokens, int token, std::byte* record) {
    std::memcpy(record + termsAt * tokens + token * tileColumns, term.values, sizeof term.values);
    setValueAt(record, sumsAt, tokens, token, -term.sum);
    setValueAt(record, sumsAt + 4, tokens, token, -term.sumHigh);
}

void quantiseBlock(const float* x, float threshold, int tokens, int token, std::byte* record) {
    const float largest = largestMagnitude(x);
    const bool residual = largest > threshold;
    const float inverse = largest > smallestScaled ? 127.0f / largest : 0.0f;
    Term first;
    Term second;
    for (int i = 0; i < tileColumns; ++i) {
        first.values[i] = toByte(x[i] * inverse);
        const float left = std::fma(x[i], inverse, -static_cast<float>(first.values[i]));
        second.values[i] = residual ? toByte(left * 256.0f) : std::int8_t{0};
        for (Term* term : {&first, &second}) {
            term->sum += term->values[i];
            term->sumHigh += i < tileColumns / 2 ? 0 : term->values[i];
        }
    }
    storeTerm(first, firstAt, minusSumAt, tokens, token, record);
    storeTerm(second, secondAt, minusSum2At, tokens, token, record);
    const float scale = largest / 127.0f;
    const auto sum = static_cast<float>(256 * first.sum + second.sum);
    setValueAt(record, scaleAt, tokens, token, scale);
    setValueAt(record, scaledSumAt, tokens, token, scale * (sum / 256.0f));
    const auto sumHigh = static_cast<float>(256 * first.sumHigh + second.sumHigh);
    setValueAt(record, scaledSumHighAt, tokens, token, scale * (sumHigh / 256.0f));
    const int others = token > 0 ? valueAt<std::int32_t>(record, hasSecondAt, tokens, 0) : 0;
    setValueAt(record, hasSecondAt, tokens, 0, others | static_cast<std::int32_t>(residual));
}

float thresholdOf(const float* x, std::int64_t blocks, Rounding rounding) {
    double energy = 0;
    for (std::int64_t b = 0; b < blocks; ++b) {
        const double largest = largestMagnitude(x + b * tileColumns);
        energy += largest * largest;
    }
    return residualThreshold(rounding, energy, blocks);
}

void quantise(const float* x, std::int64_t stride, int tokens, std::int64_t blocks, Rounding rounding,
              std::byte* out) {
    for (int token = 0; token < tokens; ++token, x += stride) {
        const float threshold = thresholdOf(x, blocks, rounding);
        for (std::int64_t b = 0; b < blocks; ++b) {
            quantiseBlock(x + b * tileColumns, threshold, tokens, token, out + b * tokens * activationBytes);
        }
    }
}

/// dot[row] += products of the columns 4 * first .. 4 * last - 1; `a` is 256 * first term + second.
void addDot(const ExpandedTile& tile, int first, int last, const std::int32_t* a, std::int32_t* dot) {
    for (int j = first; j < last; ++j) {
        for (int row = 0; row < groupRows; ++row) {
            const std::uint8_t* const q = tile.q[j][row];
            dot[row] += q[0] * a[4 * j] + q[1] * a[4 * j + 1] + q[2] * a[4 * j + 2] + q[3] * a[4 * j + 3];
        }
    }
}

/// One tile times one token. Never inlined, so that every batch size runs the same instructions.
template <FormatKind kind>
[[gnu::noinline]] void addTile(const ExpandedTile& tile, int zeroPoint, const std::byte* record, int tokens,
                               int token, float* sums) {
    std::int8_t terms[2][tileColumns];
    std::memcpy(terms[0], record + token * tileColumns, sizeof terms[0]);
    std::memcpy(terms[1], record + secondAt * tokens + token * tileColumns, sizeof terms[1]);
    std::int32_t a[tileColumns];
    for (int i = 0; i < tileColumns; ++i) {
        a[i] = 256 * terms[0][i] + terms[1][i];
    }
    const auto minusSum = [&](int first, int second) {
        return 256 * valueAt<std::int32_t>(record, first, tokens, token) +
               valueAt<std::int32_t>(record, second, tokens, token);
    };
    const std::int32_t startHigh =
        kind == FormatKind::SplitScale ? minusSum(minusSumHighAt, minusSum2HighAt) : 0;
    std::int32_t low[groupRows];
    std::int32_t high[groupRows];
    std::fill_n(low, groupRows, zeroPoint * (minusSum(minusSumAt, minusSum2At) - startHigh));
    std::fill_n(high, groupRows, zeroPoint * startHigh);
    addDot(tile, 0, 4, a, low);
    addDot(tile, 4, 8, a, isSplit(kind) ? high : low);
    const float scale = valueAt<float>(record, scaleAt, tokens, token) / 256.0f;
    for (int row = 0; row < groupRows; ++row) {
        sums[row] += static_cast<float>(low[row]) * (tile.scale[row] * scale);
        if constexpr (isSplit(kind)) {
            sums[row] += static_cast<float>(high[row]) * (tile.scaleHigh[row] * scale);
        }
        if constexpr (kind == FormatKind::Affine) {
            sums[row] += tile.offset[row] * valueAt<float>(record, scaledSumAt, tokens, token);
        }
        if constexpr (kind == FormatKind::SplitAffine) {
            const float sum = valueAt<float>(record, scaledSumAt, tokens, token);
            const float sumHigh = valueAt<float>(record, scaledSumHighAt, tokens, token);
            sums[row] += tile.offset[row] * (sum - sumHigh);
            sums[row] += tile.offsetHigh[row] * sumHigh;
        }
    }
}

template <DType type, FormatKind kind, int tokens>
void product(const ExpandedTile* tiles, int count, const std::byte* activations, float* sums) {
    const int zeroPoint = formatOf(type).zeroPoint;
    for (int t = 0; t < count; ++t) {
        for (int token = 0; token < tokens; ++token) {
            addTile<kind>(tiles[t], zeroPoint, activations + t * tokens * activationBytes, tokens, token,
                          sums + token * groupRows);
        }
    }
}

template <DType type>
void expand(const std::byte* group, std::int64_t tiles, std::int64_t first, int count, ExpandedTile* out) {
    const Format& format = formatOf(type);
    const std::byte* const aux = group + format.quantBytesOf(tiles * tileColumns);
    for (std::int64_t tile = first; tile < first + count; ++tile) {
        const std::int64_t unit = tile / format.tilesPerUnit();
        format.expandTile(group + tile * format.quantBytes, aux + unit * format.auxBytes,
                          static_cast<int>(tile % format.tilesPerUnit()), *out++);
    }
}

template <DType type, FormatKind kind>
void matVec(const std::byte* group, std::size_t groupBytes, std::int64_t groups, std::int64_t tiles,
            const std::byte* activations, float* sums) {
    for (std::int64_t g = 0; g < groups; ++g) {
        std::fill_n(sums + g * groupRows, groupRows, 0.0f);
        for (std::int64_t tile = 0; tile < tiles; ++tile) {
            ExpandedTile expanded;
            expand<type>(group + static_cast<std::size_t>(g) * groupBytes, tiles, tile, 1, &expanded);
            product<type, kind, 1>(&expanded, 1, activations + tile * activationBytes, sums + g * groupRows);
        }
    }
}

template <FormatKind kind>
void dequantise(const ExpandedTile& tile, int zeroPoint, float* out) {
    for (int column = 0; column < tileColumns; ++column) {
        const bool upper = isSplit(kind) && column >= 16;
        for (int row = 0; row < groupRows; ++row) {
            const float value = static_cast<float>(tile.q[column / 4][row][column % 4] - zeroPoint);
            const float scaled = (upper ? tile.scaleHigh[row] : tile.scale[row]) * value; // exact
            const float offset = upper ? tile.offsetHigh[row] : tile.offset[row];
            out[column * groupRows + row] = isAffine(kind) ? scaled + offset : scaled;
        }
    }
}

void widenFloat(const std::byte* weights, std::int64_t columns, float* out) {
    std::memcpy(out, weights, static_cast<std::size_t>(columns) * groupRows * sizeof(float));
}

template <bool brain>
void widenHalf(const std::byte* weights, std::int64_t columns, float* out) {
    for (std::int64_t i = 0; i < columns * groupRows; ++i) {
        std::uint16_t half;
        std::memcpy(&half, weights + 2 * i, 2);
        out[i] = brain ? std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16) : halfToFloat(half);
    }
}

/// One token of a panel; never inlined for the same reason as addTile.
[[gnu::noinline]] void addPanel(const float* panel, std::int64_t columns, const float* x, int stride,
                                float* sums) {
    float panelSums[groupRows] = {};
    for (std::int64_t column = 0; column < columns; ++column) {
        const float value = x[column * stride];
        for (int row = 0; row < groupRows; ++row) {
            panelSums[row] += panel[column * groupRows + row] * value;
        }
    }
    for (int row = 0; row < groupRows; ++row) {
        sums[row] += panelSums[row];
    }
}

template <int tokens>
void floatProduct(const float* panel, std::int64_t columns, const float* activations, float* sums) {
    for (int token = 0; token < tokens; ++token) {
        addPanel(panel, columns, activations + token, tokens, sums + token * groupRows);
    }
}

constexpr auto symmetric = FormatKind::Symmetric;
constexpr auto affine = FormatKind::Affine;
constexpr auto split = FormatKind::SplitScale;
constexpr auto bytes = FormatKind::Bytes;
constexpr auto splitAffine = FormatKind::SplitAffine;

template <DType type, FormatKind kind>
constexpr Products products{
    {product<type, kind, 1>, product<type, kind, 2>, product<type, kind, 4>, product<type, kind, 8>}};

} // namespace

const LinearKernels linearKernelsPortable{
    maxTokens,
    quantise,
    {nullptr, nullptr, nullptr, matVec<DType::Q4_0, symmetric>, matVec<DType::Q4_1, affine>,
     matVec<DType::Q5_0, symmetric>, matVec<DType::Q5_1, affine>, matVec<DType::Q8_0, bytes>,
     matVec<DType::Q4_K, affine>, matVec<DType::Q5_K, affine>, matVec<DType::Q6_K, split>,
     matVec<DType::Q2_K, splitAffine>, matVec<DType::Q3_K, split>, matVec<DType::IQ4_NL, bytes>,
     matVec<DType::IQ4_XS, bytes>, matVec<DType::MXFP4, symmetric>},
    {nullptr, nullptr, nullptr, expand<DType::Q4_0>, expand<DType::Q4_1>, expand<DType::Q5_0>,
     expand<DType::Q5_1>, expand<DType::Q8_0>, expand<DType::Q4_K>, expand<DType::Q5_K>, expand<DType::Q6_K>,
     expand<DType::Q2_K>, expand<DType::Q3_K>, expand<DType::IQ4_NL>, expand<DType::IQ4_XS>,
     expand<DType::MXFP4>},
    {{},
     {},
     {},
     products<DType::Q4_0, symmetric>,
     products<DType::Q4_1, affine>,
     products<DType::Q5_0, symmetric>,
     products<DType::Q5_1, affine>,
     products<DType::Q8_0, bytes>,
     products<DType::Q4_K, affine>,
     products<DType::Q5_K, affine>,
     products<DType::Q6_K, split>,
     products<DType::Q2_K, splitAffine>,
     products<DType::Q3_K, split>,
     products<DType::IQ4_NL, bytes>,
     products<DType::IQ4_XS, bytes>,
     products<DType::MXFP4, symmetric>},
    {dequantise<symmetric>, dequantise<affine>, dequantise<split>, dequantise<bytes>,
     dequantise<splitAffine>},
    {widenFloat, widenHalf<false>, widenHalf<true>},
    {floatProduct<1>, floatProduct<2>, floatProduct<4>, floatProduct<8>},
    nullptr,
    nullptr,
};

} // namespace kernels
