#pragma once
#include "kernels/capture.h"
#include "kernels/kv_cache.h"
#include "kernels/step_inputs.h"
#include "kernels/top_logits.h"
#include "kernels/types.h"

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

// The operations of a decoder-only transformer on one device. The model graph (engine/forward_pass.cpp) is written once over this.
//
// A step is begin(inputs), operations, submit(), wait(). A device may record the operations and run them when they are submitted; the CPU
// runs each at once. Operations belong into a step, everything else outside of one.
//
// Thread: one backend is used from one thread at a time (the engine thread); it may use a pool of its own inside.
// Errors: a wrong shape or order is a bug (assert); a device or memory failure throws std::runtime_error with a sentence, and the next
// begin() starts afresh.
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

/// Owns a float32 matrix in the device's memory; operations name it, or rows of it, by tensors.
class Buffer {
public:
    virtual ~Buffer() = default;
    Tensor tensor() { return {this, 0, m_rows, m_cols}; } // all of it
    std::int64_t rows() const { return m_rows; }
    std::int64_t cols() const { return m_cols; }

protected:
    Buffer(std::int64_t rows, std::int64_t cols) : m_rows(rows), m_cols(cols) {}

private:
    std::int64_t m_rows, m_cols;
};

enum class RopePairing { Norm, Neox }; // (0,1)(2,3).. or (0,d/2)(1,d/2+1)..
/// ClampedSilu is for gated products only: with g = min(gate, 7) and u = up in -7 .. 7 it is (u + 1) g sigmoid(1.702 g)   (gpt-oss).
enum class Activation { Silu, GeluTanh, GeluErf, ClampedSilu };
enum class Write { Replace, Add }; // out = Wx or out += Wx
/// How much rounding of its inputs a product bears, where the device rounds them. Robust is for products whose results pass through much
/// that averages (the feed-forward's first ones, half of all arithmetic) and may be faster; Careful is for all others.
enum class Rounding { Careful, Robust };

struct LinearJob {
    const Weight* weight = nullptr;
    Tensor out; // (nTokens, weight->rows())
    Write write = Write::Replace;
    const Buffer* bias = nullptr; // (1, weight->rows()) or null
};

/// One matrix of each expert of a mixture, all of one shape (rows = output features), repacked for this device. Immutable.
class Experts {
public:
    virtual ~Experts() = default;
    virtual int count() const = 0;
    virtual std::int64_t rows() const = 0;
    virtual std::int64_t cols() const = 0;
    virtual std::size_t bytes() const = 0; // of all, in the device's memory
};

/// Which experts each token of a step goes to and how much each counts; for each token the one that counts most stands first. It lives on
/// the device: chooseExperts() writes it, linearExperts() and combineExperts() read it, and the host never waits for it.
class ExpertChoice {
public:
    virtual ~ExpertChoice() = default;
    int experts() const { return m_experts; }
    int used() const { return m_used; } // by a token

protected:
    ExpertChoice(int experts, int used) : m_experts(experts), m_used(used) {}

private:
    int m_experts, m_used;
};

/// Softmax over the logits of a token's chosen experts, or over all experts' logits, of which the chosen ones keep their share.
enum class ExpertWeights { OfChosen, OfAll };

struct ExpertJob {
    const Experts* weights = nullptr;
    Tensor out; // (nTokens * used, weights->rows()): row t * used + i is for the i-th expert of token t
    const Buffer* bias = nullptr; // (experts, weights->rows()) or null
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
    int view = 0; // of StepInputs::views
    AttentionStyle style;
    Tensor out; // (nTokens, nHeads * headDim)
    /// For the last query only; null costs nothing. It and the memory it names are filled by wait() at the latest and live until then.
    AttentionCapture* capture = nullptr;
};

struct DeviceInfo {
    std::string name;           // "CPU, 2 threads"
    std::string instructionSet; // "AVX-512 VNNI"
    int threads = 0;
    bool readsInPlace = false; // read() shows the device's own memory and copies nothing
    bool isDiscrete = false;   // a card of its own, which many tokens at once cost little more than few
};

class Backend {
public:
    virtual ~Backend() = default;
    virtual DeviceInfo info() const = 0;

    // Memory, outside of steps. What is made here must not outlive the backend.
    /// The source may vanish on return. Of a large one it takes long: null when a stop was asked for meanwhile.
    virtual std::unique_ptr<Weight> makeWeight(const HostMatrix& source,
                                               const std::stop_token& stop = {}) = 0;
    /// As makeWeight(). `stacked` holds the rows of one expert after those of another.
    virtual std::unique_ptr<Experts> makeExperts(const HostMatrix& stacked, int experts,
                                                 const std::stop_token& stop = {}) = 0;
    virtual std::unique_ptr<ExpertChoice> makeExpertChoice(std::int64_t mostTokens, int experts,
                                                           int used) = 0;
    virtual std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) = 0; // zeroed
    virtual std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) = 0;
    virtual void write(Tensor destination, std::span<const float> values) = 0; // they may vanish on return
    /// What the last step left there. The numbers stand until a step or write() writes that buffer, another read() reads it, or it goes.
    virtual std::span<const float> read(Tensor source) = 0;

    // Steps, one at a time. One that is never submitted is over with its last operation: buffers and caches that it names may go, and the
    // next begin() drops what was recorded of it. What it has changed meanwhile (on the CPU: everything up to there) the caller repairs.
    virtual void begin(const StepInputs& inputs) = 0;
    virtual void submit() = 0;
    /// Until what was submitted has happened: tensors can be read, captures are filled, the inputs' memory may be used again.
    virtual void wait() = 0;

    // Operations. nTokens = rows of the tensors; in-place (x == out) is allowed where noted.
    virtual void embed(const Weight& table, Tensor out) = 0; // (nTokens, dim): rows of the step's tokens
    /// x / sqrt(mean(x^2) + epsilon) * gain. Each row of `gain.cols` values by itself: x is seen as (n, gain.cols), so this also serves
    /// per-head norms. In-place allowed.
    /// A gain of m rows serves row i of these with its row i mod m: heads with gains of their own.
    virtual void rmsNorm(Tensor x, Tensor gain /* (m, n) */, float epsilon, Tensor out) = 0;
    /// (x - mean) / sqrt(variance + epsilon) * gain + bias, rows and gains as above; `bias` (1, n) null = 0. In-place allowed.
    virtual void layerNorm(Tensor x, Tensor gain /* (m, n) */, const Buffer* bias, float epsilon,
                           Tensor out) = 0;
    /// All jobs share the input x (nTokens, cols), which is prepared once; no output overlaps x or another output.
    virtual void linear(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) = 0;
    /// Of each row of the router's logits (nTokens, experts) the largest, the lower index first where two are equal.
    virtual void chooseExperts(Tensor logits, ExpertWeights weights, ExpertChoice& choice) = 0;
    /// As linear(), each token with its own experts only. x: (nTokens, cols), or (nTokens * used, cols) with a row for each expert of a
    /// token as in ExpertJob::out.
    virtual void linearExperts(Tensor x, std::span<const ExpertJob> jobs, const ExpertChoice& choice,
                               Rounding rounding) = 0;
    /// out (nTokens, cols) = or += the weighted sum of each token's rows of `parts` (nTokens * used, cols). `scales`: (1, experts) factors
    /// of the weights, or null.
    virtual void combineExperts(Tensor parts, const ExpertChoice& choice, const Buffer* scales, Write write,
                                Tensor out) = 0;
    /// Rotates the first ropeDim values of each head by the step's angles[table]. In-place allowed.
    virtual void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) = 0;
    /// Writes the rows of k and v (nTokens, kvHeads * headDim) into the step's slots of the layer.
    virtual void storeKv(KvCache& cache, int layer, Tensor k, Tensor v) = 0;
    virtual void attend(const AttendArgs& args) = 0;
    virtual void gatedActivation(Activation activation, Tensor gate, Tensor up,
                                 Tensor out) = 0; // act(gate) * up; out may be gate or up
    virtual void activation(Activation activation, Tensor inOut) = 0;
    virtual void clamp(Tensor inOut, float limit) = 0; // to -limit .. limit
    virtual void softcap(Tensor inOut, float cap) = 0; // cap tanh(x / cap)
    virtual void add(Tensor x, Tensor inOut) = 0;      // inOut += x
    virtual void scale(Tensor inOut, float factor) = 0;
    /// The largest of a row of logits (1, n), in order, so that a handful of numbers returns to the host instead of the row. `top` and the
    /// memory it names are filled by wait() at the latest and live until then.
    virtual void topLogits(Tensor logits, TopLogits& top) = 0;

    /// Bytes that linear() and attend() have read from weights and caches since the last call; for benchmarks.
    virtual std::uint64_t takeBytesRead() = 0;
};

} // namespace kernels
