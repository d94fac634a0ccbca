#pragma once
#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/kv_store.h"

#include <vector>

namespace kernels::vulkan {

/// A view cut into pieces of up to 256 keys, as words of the step's inputs.
struct PieceList {
    std::uint32_t piecesAt = 0;     // in the inputs: 5 words a piece, as in shaders/attend.comp
    std::uint32_t firstPieceAt = 0; // (tokens + 1) numbers
    std::vector<std::int32_t> firstPiece;
    std::vector<std::int32_t> keys; // seen by each token
};

/// Appends the pieces of a view to the words of a step's inputs.
PieceList listPieces(const KeyView& view, std::vector<std::int32_t>& words);

/// Attention in two passes: pieces, then what joins them. A token's result depends on its own keys alone, bit for bit.
class Attention {
public:
    explicit Attention(Gpu& gpu) : m_gpu(gpu) {}

    /// What a step left is forgotten.
    void begin();
    void run(const AttendArgs& args, const KeyView& view, const PieceList& pieces, const Slice& inputs);
    /// After the step: fills the captures.
    void finish();
    std::uint64_t takeBytesRead();

private:
    struct Pending {
        AttentionCapture* capture;
        int heads;
        Slice stats, mass, rows; // on the host's side
    };
    struct Call; // what the passes share
    void pieces(const Call& call, int firstToken, int endToken);
    void join(const Call& call, int firstToken, int endToken);
    void capture(const Call& call, int firstToken);
    const Slice& scratch(Memory& memory, VkDeviceSize bytes);
    static std::vector<std::int32_t> recentSlots(const Call& call);

    Gpu& m_gpu;
    Memory m_parts, m_weights, m_stats, m_mass;
    std::vector<Memory> m_outgrown; // still named by the step's commands
    std::vector<Pending> m_pending;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::vulkan
