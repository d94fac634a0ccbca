#pragma once
#include "kernels/cuda/memory.h"
#include "kernels/gpu/key_pieces.h"

#include <vector>

namespace kernels::cuda {

/// Where a view's pieces lie in the step's inputs.
struct UploadedView {
    const KeyView* view;
    const gpu::PieceList* list;
    const std::int32_t* inputs; // the step's words
};

/// Attention in two passes: pieces, then what joins them. A token's result depends on its own keys alone, bit for bit.
class Attention {
public:
    /// Pieces of a view come in such numbers, so that a growing cache changes a step's commands only now and then.
    static constexpr std::int32_t pieceUnit = 8;

    explicit Attention(Gpu& gpu) : m_gpu(gpu) {}
    /// What a step left is forgotten.
    void begin() { m_pending.clear(); }
    void run(const AttendArgs& args, const UploadedView& uploaded);
    /// After the step: fills the captures.
    void finish();
    std::uint64_t takeBytesRead() { return std::exchange(m_bytesRead, 0); }

private:
    struct Pending {
        AttentionCapture* capture;
        const std::byte *stats = nullptr, *mass = nullptr, *rows = nullptr; // on the host
    };
    void tokens(AttendArguments& arguments, const gpu::PieceList& list, bool isCaptured);
    void capture(const AttendArguments& arguments, AttentionCapture& capture, int slots);

    Gpu& m_gpu;
    Memory m_parts, m_weights, m_stats, m_mass;
    std::vector<Pending> m_pending;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::cuda
