#pragma once
#include <cstddef>
#include <cstdint>

// Element types as they stand in GGUF files, and the plain views that cross the border between engine and kernels.
namespace kernels {

enum class DType : std::uint8_t {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4_K,
    Q5_K,
    Q6_K,
    Q2_K,
    Q3_K,
    IQ4_NL,
    IQ4_XS,
    MXFP4
};

/// How a type is stored: `elements` values in a block of `bytes` bytes (plain types: 1 value).
struct BlockLayout {
    int elements;
    int bytes;
};

constexpr BlockLayout blockLayout(DType type) {
    switch (type) {
    case DType::F32:
        return {1, 4};
    case DType::F16:
        return {1, 2};
    case DType::BF16:
        return {1, 2};
    case DType::Q4_0:
        return {32, 18};
    case DType::Q4_1:
        return {32, 20};
    case DType::Q5_0:
        return {32, 22};
    case DType::Q5_1:
        return {32, 24};
    case DType::Q8_0:
        return {32, 34};
    case DType::Q4_K:
        return {256, 144};
    case DType::Q5_K:
        return {256, 176};
    case DType::Q6_K:
        return {256, 210};
    case DType::Q2_K:
        return {256, 84};
    case DType::Q3_K:
        return {256, 110};
    case DType::IQ4_NL:
        return {32, 18};
    case DType::IQ4_XS:
        return {256, 136};
    case DType::MXFP4:
        return {32, 17};
    }
    return {1, 4};
}

const char* name(DType type);

/// A matrix in the host's memory, row-major in the file's own block format. Does not own; `data` need not be aligned.
/// `cols` is a multiple of the type's block length (the reader has checked that).
struct HostMatrix {
    DType type;
    std::int64_t rows; // output features
    std::int64_t cols; // input features
    const std::byte* data;

    std::size_t rowBytes() const {
        return static_cast<std::size_t>(cols / blockLayout(type).elements) *
               static_cast<std::size_t>(blockLayout(type).bytes);
    }
    std::size_t bytes() const { return static_cast<std::size_t>(rows) * rowBytes(); }
};

class Buffer;

/// A float32 matrix in a backend's memory, row-major and dense: a name for a part of a buffer that only the backend follows. Does not own.
struct Tensor {
    Buffer* buffer = nullptr;
    std::int64_t offset = 0; // of the first element in the buffer, in elements
    std::int64_t rows = 0;   // tokens
    std::int64_t cols = 0;   // features

    /// Rows [first, first + count).
    Tensor rowRange(std::int64_t first, std::int64_t count) const {
        return {buffer, offset + first * cols, count, cols};
    }
    /// The first elements as a matrix of another shape, no larger than this one.
    Tensor shaped(std::int64_t newRows, std::int64_t newCols) const {
        return {buffer, offset, newRows, newCols};
    }
};

} // namespace kernels
