#pragma once
#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/linear_order.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/cpu/weight_memory.h"
#include "kernels/cpu_backend.h"

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

// Weights and matrix products of the CPU backend. The layouts are described in kernels/README.md and in
// format.h.
namespace kernels {

struct Format;
struct LinearKernels;

/// A weight matrix repacked into groups of 16 interleaved rows (the last group is padded with zero rows).
class PackedWeight : public Weight {
public:
    std::int64_t rows() const override { return m_rows; }
    std::int64_t cols() const override { return m_cols; }
    DType type() const override;
    std::size_t bytes() const override { return m_bytes; }

    const Format& format() const { return *m_format; }
    std::int64_t groups() const { return (m_rows + 15) / 16; }
    std::size_t groupBytes() const { return m_groupBytes; }
    const std::byte* group(std::int64_t index) const {
        return m_memory.data() + static_cast<std::size_t>(index) * m_groupBytes;
    }

    /// The weights of one row as float32, `cols()` of them. Any thread.
    void dequantiseRow(std::int64_t row, float* out) const;

private:
    friend std::unique_ptr<PackedWeight> packWeight(const HostMatrix&, ThreadPool&, Isa, ActivationPrecision,
                                                    std::shared_ptr<WeightMemory>, const std::stop_token&);
    PackedWeight() = default;

    const Format* m_format = nullptr;
    const LinearKernels* m_kernels = nullptr;
    std::int64_t m_rows = 0;
    std::int64_t m_cols = 0;
    std::size_t m_groupBytes = 0;
    std::size_t m_bytes = 0;
    WeightMemory::Piece m_memory;
};

/// Reads `source` once, in parallel, and keeps nothing of it. Give all weights of a model the same `memory`,
/// so that they lie one after another in huge pages; without one the weight gets memory of its own. Throws
/// std::runtime_error when there is none left. For products of that precision at that level. Null when a stop was asked for.
std::unique_ptr<PackedWeight> packWeight(const HostMatrix& source, ThreadPool& pool, Isa isa,
                                         ActivationPrecision precision,
                                         std::shared_ptr<WeightMemory> memory = nullptr,
                                         const std::stop_token& stop = {});

/// kernels::LinearJob with what its handles stand for.
struct MatrixJob {
    const PackedWeight* weight = nullptr;
    Matrix out; // (nTokens, weight->rows())
    Write write = Write::Replace;
    const float* bias = nullptr; // (weight->rows()) or null
};

/// Runs the products of Backend::linear. One thread at a time.
///
/// The result of a token is the same bit for bit whether it comes alone or in a batch, with any number of
/// threads. Int8: activations are rounded in blocks of 32 to scale * (first + second / 256), two terms of 8
/// bits (scale = largest magnitude / 127; second = 0 in blocks that keep no residual); integer dot products,
/// summed over blocks in float32. F16 and BF16 weights: both sides are rounded to bfloat16 where the processor
/// multiplies that, or to integers of 14 bits in blocks of 32 (FormatKind::Words) where integer products are the
/// faster ones; otherwise, and for F32 weights, float32 products.
class Linear {
public:
    Linear(ThreadPool& pool, Isa isa, ActivationPrecision precision);

    /// jobs[i].out must not overlap x or another output; every weight has x.cols columns and was packed for
    /// the same Isa and precision.
    void run(Matrix x, std::span<const MatrixJob> jobs, Rounding rounding);

    /// Bytes of weights read since the last call.
    std::uint64_t takeBytesRead();

private:
    /// In which forms a call needs its activations.
    struct Inputs {
        bool int8 = false;
        bool words = false;
        bool pairs = false;
        bool floats = false;
    };

    /// Of one token's activations in the largest of these forms.
    static std::int64_t tokenBytes(Inputs inputs, std::int64_t cols);
    void prepareActivations(Matrix x, Rounding rounding, Inputs inputs);
    void expectNext(std::span<const MatrixJob> jobs, std::int64_t tokens);
    LinearOrder::Starts startsOf(std::span<const MatrixJob> jobs) const;

    ThreadPool& m_pool;
    const LinearKernels& m_kernels;
    ActivationPrecision m_precision;
    std::uint64_t m_bytesRead = 0;
    LinearOrder m_order;
    // Activations in tiles of tokens.
    std::vector<std::byte> m_int8;      // one or two terms of 8 bits, in blocks of 32
    std::vector<std::byte> m_words;     // 14 bits, in blocks of 32
    std::vector<std::uint32_t> m_pairs; // pairs of bfloat16
    std::vector<float> m_floats;
    std::vector<std::byte> m_scratch; // per worker
};

} // namespace kernels
