#pragma once
#include "kernels/cpu/format.h"
#include "kernels/cpu/linear.h"

#include <algorithm>
#include <cstdint>

// Where the sums of matrix products go. For linear.cpp.
namespace kernels {

/// `rows` is a constant for all groups but a matrix's last: the compiler makes four vector operations of it.
template <bool add>
inline void storeRow(const float* sums, const float* bias, std::int64_t rows, float* out) {
    for (std::int64_t r = 0; r < rows; ++r) {
        const float value = bias ? sums[r] + bias[r] : sums[r];
        out[r] = add ? out[r] + value : value;
    }
}

template <bool add>
inline void storeRows(const MatrixJob& job, std::int64_t row, std::int64_t firstToken, std::int64_t tokens,
                      const float* sums) {
    const std::int64_t rows = std::min<std::int64_t>(groupRows, job.out.cols - row);
    const float* const bias = job.bias ? job.bias + row : nullptr;
    float* out = job.out.data + firstToken * job.out.cols + row;
    for (std::int64_t token = 0; token < tokens; ++token, sums += groupRows, out += job.out.cols) {
        if (rows == groupRows) {
            storeRow<add>(sums, bias, groupRows, out);
        } else {
            storeRow<add>(sums, bias, rows, out);
        }
    }
}

/// Writes the sums [tokens][16] of one group to the job's output.
inline void store(const MatrixJob& job, std::int64_t group, std::int64_t firstToken, std::int64_t tokens,
                  const float* sums) {
    const auto write = job.write == Write::Add ? storeRows<true> : storeRows<false>;
    write(job, group * groupRows, firstToken, tokens, sums);
}

/// Asks for the lines that store() will write: each token's is somewhere else.
inline void prefetchOutput(const MatrixJob& job, std::int64_t group, std::int64_t firstToken,
                           std::int64_t lastToken) {
    for (std::int64_t token = firstToken; token < lastToken; ++token) {
        __builtin_prefetch(job.out.data + token * job.out.cols + group * groupRows, 1);
    }
}

} // namespace kernels
