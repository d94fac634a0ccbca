#pragma once
#include <cstdint>

// What kernels are called with: plain numbers and addresses in the device's memory, the same for nvcc and for the host's compiler.
namespace kernels::cuda {

enum class KernelId : std::uint32_t {
    Embed, // variant: gpu::Form
    Norm,
    QuantiseInputs,
    LinearVector,      // variant: gpu::Form
    LinearVectorBytes, // variant: 0 Four, 1 Eight
    LinearMatrix,      // variant: gpu::Form
    LinearMatrixBytes, // variant: as LinearVectorBytes
    Rope,
    KvStore,
    Attend, // variant: of attendVariants
    AttendJoin,
    AttendCapture,
    AttendMass,
    Elementwise,
    ChooseExperts,
    CombineExperts,
    MarkListed,
    CountLogitDigit,
    CollectLogits,
    ExpandRows, // variant: gpu::Form
    ToHalves,
    PlaceBias
};

/// Threads of a block, for every kernel that does not say otherwise.
constexpr int blockThreads = 128;
constexpr int normThreads = 256;

constexpr int rowLanes = 8;                          // that share a row of weights in LinearVector
constexpr int rowsOfBlock = blockThreads / rowLanes; // of LinearVector
constexpr int matrixTile = 64;                       // rows and tokens of a block of LinearMatrix
constexpr int matrixThreads = 256;
constexpr int byteTileRows = 128, byteTileTokens = 64; // of a block of LinearMatrixBytes
constexpr int byteTileThreads = 256;
constexpr int mostQueries = 4; // rotations of a query that Attend can tell apart
// Of Attend, whose shared memory holds it for each row: of one token, and of several that share a reading of keys and values.
constexpr int mostHeadDim = 512, mostSharedHeadDim = 256;
/// Query heads and tokens that share it: rows of numbers in a thread's registers. First those of one token, then the same heads for prompts.
struct AttendVariant {
    int heads, tokens;
};
constexpr AttendVariant attendVariants[] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {6, 1}, {8, 1},
                                            {1, 8}, {2, 8}, {3, 4}, {4, 4}, {6, 2}, {8, 2}};
constexpr int attendHeadVariants = 6;
constexpr int partNumbers = 4; // of a piece and head, before its weighted sum of values

/// Weights in the form of gpu/packed_form.h.
struct WeightView {
    const void* quants;
    const void* scales;
    std::int64_t rows;
    std::int32_t cols;
    std::int32_t chunksOfRow;
    std::int32_t chunksOfScale;
    std::int32_t hasFloatScales;
    std::int32_t zeroPoint;
};

/// 32 activations as words of 16 bits: value = scale * (256 * high + low), and their sums by halves.
struct alignas(16) InputUnit {
    std::uint32_t high[8];
    std::uint32_t low[8];
    float scale;
    std::int32_t sums[2];
    std::int32_t unused;
};

struct EmbedArguments {
    WeightView table;
    const std::int32_t* tokens;
    float* out;
    std::int32_t count;
};

struct NormArguments {
    const float* x;
    const float* gain;
    const float* bias; // or null
    float* out;
    std::int64_t rows;
    std::int32_t cols;
    std::int32_t gainRows;
    float epsilon;
    std::int32_t isCentred;
};

struct QuantiseArguments {
    const float* x; // (units * 32)
    InputUnit* out;
    std::int64_t units;
};

/// Of a product. With few rows of x, blockY is the row of `out`; with many, blockX and blockY count tiles of rows and of tokens.
struct LinearArguments {
    WeightView weight;
    const float* x;                   // LinearVector, LinearMatrix
    const InputUnit* units = nullptr; // LinearVectorBytes, LinearMatrixBytes
    float* out;
    const float* bias; // or null
    std::int32_t rows; // of the result: of one expert where there are experts
    std::int32_t tokens;
    std::int32_t isAdded = 0;
    std::int32_t rowsOfInput; // rows of `out` that share a row of x: 1, or the experts of a token
    const std::int32_t* experts = nullptr; // (rows of out): whose weights and bias to take; or null
};

struct RopeArguments {
    const float* x;
    const float* angles;
    float* out;
    std::int64_t heads; // of all tokens
    std::int32_t headsOfToken, headDim, ropeDim;
    std::int32_t isNeox;
};

/// One part (sinks or ring) of a layer, as gpu/row_cache.h lays it out with its scales apart.
struct CachePart {
    std::uint32_t* numbers;
    std::uint16_t* scales;
    std::int32_t slots, type;              // type: kernels::KvType
    std::int32_t numberWords, scaleHalves; // of a row
};

struct KvStoreArguments {
    const float* keys;
    const float* values;
    const std::int32_t* slots;
    CachePart sinks, ring;
    std::int32_t tokens, kvHeads, headDim;
};

/// What the passes of attention share. Words of pieces are as gpu/key_pieces.h has them.
struct AttendArguments {
    const float* queries[mostQueries] = {};
    CachePart sinks, ring;
    const std::int32_t* pieces = nullptr; // of the first token
    const std::int32_t* firstPiece;       // (tokens + 1), of all tokens
    float* parts = nullptr;               // (pieces, heads, partNumbers + headDim), from the first token's on
    float* out;
    const float* slopes;      // or null
    const float* sinkLogits;  // or null
    float* weights = nullptr; // (heads, slots) of the captured token, or null
    std::int32_t firstToken = 0, endToken = 0, basePiece = 0;
    std::int32_t piecesOfToken = 0; // at most
    std::int32_t capturedToken;     // or -1
    std::int32_t heads, kvHeads, headDim;
    float scale, softcap;
};

struct CaptureArguments {
    AttendArguments attend;
    float* stats; // (heads, gpu::statNumbers)
    std::int32_t slots, recentKeys;
};

struct MassArguments {
    const float* weights; // (heads, slots)
    float* mass;
    std::int32_t heads, slots;
};

enum class ElementwiseOperation : std::int32_t { Gated, Activation, Clamp, Softcap, Add, Scale };

struct ElementwiseArguments {
    const float* x;
    const float* y;
    float* out;
    std::int64_t count;
    ElementwiseOperation operation;
    std::int32_t activation; // kernels::Activation
    float parameter;
};

struct ChooseArguments {
    const float* logits;   // (tokens, experts)
    std::int32_t* experts; // (tokens, used)
    float* weights;        // (tokens, used)
    std::int32_t tokens, count, used;
    std::int32_t isOfAll; // kernels::ExpertWeights
};

struct CombineArguments {
    const float* parts; // (tokens * used, cols)
    const std::int32_t* experts;
    const float* weights;
    const float* scales; // (experts) or null
    float* out;
    std::int32_t tokens, used, cols;
    std::int32_t isAdded = 0;
};

/// Words of `found` are as gpu/found_logits.h has them.
struct TopLogitsArguments {
    const float* row;
    const std::int32_t* listedColumns;
    std::uint32_t* marks; // a bit for each column that is listed; 0 before
    std::uint32_t* bins;  // (digits, 256); 0 before
    std::uint32_t* found; // 0 before
    std::int32_t columns, listed, wanted;
    std::int32_t digit; // that is counted
    std::int32_t sumsAt, entriesAt;
};

struct ExpandArguments {
    WeightView weight;
    std::int64_t firstRow;
    void* out; // (rows, weight.cols), halves or floats
    std::int32_t rows;
    std::int32_t isHalf;
};

struct HalvesArguments {
    const float* x;
    void* out;
    std::int64_t count;
};

struct BiasArguments {
    const float* bias; // (cols)
    float* out;        // (rows, cols)
    std::int64_t rows, cols;
    std::int32_t isAdded;
};

} // namespace kernels::cuda
