#pragma once
#include "kernels/backend.h"
#include "kernels/cpu/huge_memory.h"

#include <cassert>
#include <cstdint>

namespace kernels {

/// What a tensor of the CPU backend is inside it: got once at the entry of an operation. Row-major and dense; does not own.
struct Matrix {
    float* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t cols = 0;

    std::int64_t size() const { return rows * cols; }
};

class CpuBuffer final : public Buffer {
public:
    CpuBuffer(std::int64_t rows, std::int64_t cols)
        : Buffer(rows, cols), m_memory(static_cast<std::size_t>(rows * cols) * sizeof(float)) {}
    float* data() const { return reinterpret_cast<float*>(m_memory.data()); }

private:
    HugeMemory m_memory;
};

inline Matrix matrixOf(const Tensor& tensor) {
    assert(tensor.buffer != nullptr && tensor.offset >= 0 && tensor.rows >= 0 && tensor.cols >= 0);
    const auto& buffer = static_cast<const CpuBuffer&>(*tensor.buffer);
    assert(tensor.offset + tensor.rows * tensor.cols <= buffer.rows() * buffer.cols());
    return {buffer.data() + tensor.offset, tensor.rows, tensor.cols};
}

/// Of a vector that may be missing.
inline const float* numbersOf(const Buffer* buffer) {
    return buffer == nullptr ? nullptr : static_cast<const CpuBuffer*>(buffer)->data();
}

} // namespace kernels
