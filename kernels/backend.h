#pragma once
#include "kernels/capture.h"
#include "kernels/kv_cache.h"
#include "kernels/types.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

// The operations of a decoder-only transformer on one device. The model graph (engine/forward_pass.cpp) is written once over this.
//
// Thread: one backend is used from one thread at a time (the engine thread); it may use a pool of its own inside.
// Errors: a wrong shape is a bug (assert); a device or memory failure throws std::runtime_error with a sentence.
// Recording: a backend may record operations and run them later; read() is the only point that waits.
namespace kernels {

/// A weight matrix (rows = output features, cols = input features), repacked for this device. Immutable after it was made.
class Weight {
public:
    virtual ~Weight() = default;
    virtual std::int64_t rows() const = 0;
    virtual std::int64_t cols() const = 0;
    virtual DType type() const = 0;
    virtual std::size_t bytes() const = 0; // in the device's memory
};

/// Owns float32 memory of the device.
class Buffer {
public:
    virtual ~Buffer() = default;
    virtual Tensor tensor() const = 0;
};

enum class RopePairing { Norm, Neox }; // (0,1)(2,3).. or (0,d/2)(1,d/2+1)..
enum class Activation { Silu, GeluTanh, GeluErf };
enum class Write { Replace, Add }; // out = Wx or out += Wx
/// Which blocks of an input keep, in the Int8 precision, what their first 8 bits left over as 8 more bits: all, or only those whose
/// magnitudes stand out. No question of memory traffic, but of arithmetic: it is felt while a prompt is read.
enum class Residual { Always, Outliers };

struct LinearJob {
    const Weight* weight = nullptr;
    Tensor out; // (nTokens, weight->rows())
    Write write = Write::Replace;
    const Buffer* bias = nullptr; // (1, weight->rows()) or null
};

/// Keys in neighbouring slots that one query sees, and how it turns to them. Sinks, the ring (two runs where it wraps), a layer's window,
/// pinned and recalled text are all runs; there is no other mask. A slot is in one run of a query at most, and a run lies either in
/// the pinned slots of the cache or in its ring.
struct KeyRun {
    std::int32_t firstSlot = 0; // in the cache, 0 .. slots-1
    std::int32_t count = 0;
    std::int32_t query = 0; // which of AttendArgs::queries meets these keys
    std::int64_t distance =
        0; // from the query back to the first key, in positions inside the cache; the next key is one nearer
};

/// What a family does to the scores of its heads, in this order; the defaults do nothing.
struct AttentionStyle {
    float scale = 1.0f;             // usually 1 / sqrt(headDim)
    float softcap = 0.0f;           // c > 0: score = c tanh(score / c)   (Gemma 2)
    const Buffer* slopes = nullptr; // (1, nHeads): score -= slope * distance   (ALiBi)
    const Buffer* sinkLogits =
        nullptr; // (1, nHeads): one more logit in the softmax, with no key and no value   (gpt-oss)
};

struct AttendArgs {
    std::span<const Tensor>
        queries; // each (nTokens, nHeads * headDim); the same query, rotated once for each position it is told
    const KvCache* cache = nullptr;
    int layer = 0;
    std::span<const std::span<const KeyRun>> runs; // (nTokens): each query's, oldest keys first
    AttentionStyle style;
    Tensor out;                          // (nTokens, nHeads * headDim)
    AttentionCapture* capture = nullptr; // filled for the last query only; null costs nothing
};

struct DeviceInfo {
    std::string name;           // "CPU, 2 threads"
    std::string instructionSet; // "AVX-512 VNNI"
    int threads = 0;
};

class Backend {
public:
    virtual ~Backend() = default;
    virtual DeviceInfo info() const = 0;

    // Memory. What is made here must not outlive the backend.
    virtual std::unique_ptr<Weight> makeWeight(const HostMatrix& source) = 0;
    virtual std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) = 0; // zeroed
    virtual std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) = 0;
    virtual void write(Tensor destination, std::span<const float> values) = 0;
    /// Waits for what was asked before; the view holds until the next operation on this backend.
    virtual std::span<const float> read(Tensor source) = 0;

    // Operations. nTokens = rows of the tensors; in-place (x == out) is allowed where noted.
    virtual void embed(const Weight& table, std::span<const std::int32_t> tokens,
                       Tensor out) = 0; // (nTokens, dim)
    /// x / sqrt(mean(x^2) + epsilon) * gain. Each row of `gain.cols` values by itself: x is seen as (n, gain.cols), so this also serves
    /// per-head norms. In-place allowed.
    virtual void rmsNorm(Tensor x, Tensor gain /* (1, n) */, float epsilon, Tensor out) = 0;
    /// (x - mean) / sqrt(variance + epsilon) * gain + bias, rows as above; `bias` null = 0. In-place allowed.
    virtual void layerNorm(Tensor x, Tensor gain /* (1, n) */, const Buffer* bias, float epsilon,
                           Tensor out) = 0;
    /// All jobs share the input x (nTokens, cols): it is quantised once and the jobs run as one parallel section.
    virtual void linear(Tensor x, std::span<const LinearJob> jobs, Residual residual) = 0;
    /// A hint: after the next linear() of one token comes one that reads these. Costs nothing to ignore.
    virtual void expectLinear(std::span<const Weight* const> weights) = 0;
    /// Rotates the first ropeDim values of each head. cosSin: (nTokens, ropeDim) as cos, sin pairs, computed by the host in double.
    /// In-place allowed.
    virtual void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, std::span<const float> cosSin,
                      Tensor out) = 0;
    /// Writes the rows of k and v (nTokens, kvHeads * headDim) into slots[i] of the layer; each slot at most once in a call.
    virtual void storeKv(KvCache& cache, int layer, Tensor k, Tensor v,
                         std::span<const std::int32_t> slots) = 0;
    virtual void attend(const AttendArgs& args) = 0;
    virtual void gatedActivation(Activation activation, Tensor gate, Tensor up,
                                 Tensor out) = 0; // act(gate) * up; out may be gate or up
    virtual void activation(Activation activation, Tensor inOut) = 0;
    virtual void clamp(Tensor inOut, float limit) = 0; // to -limit .. limit
    virtual void softcap(Tensor inOut, float cap) = 0; // cap tanh(x / cap)
    virtual void add(Tensor x, Tensor inOut) = 0;      // inOut += x
    virtual void scale(Tensor inOut, float factor) = 0;

    /// Bytes that linear() and attend() have read from weights and caches since the last call; for benchmarks.
    virtual std::uint64_t takeBytesRead() = 0;
};

} // namespace kernels
