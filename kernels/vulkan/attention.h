#pragma once
#include "kernels/gpu/key_pieces.h"
#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/kv_store.h"

#include <vector>

namespace kernels::vulkan {

using gpu::PieceList;

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
    static std::vector<std::int32_t> tilesOf(const Call& call, int firstToken, int endToken);
    void pieces(const Call& call, int firstToken, int endToken);
    void join(const Call& call, int firstToken, int endToken);
    void capture(const Call& call, int firstToken);
    const Slice& scratch(Memory& memory, VkDeviceSize bytes);

    Gpu& m_gpu;
    Memory m_parts, m_weights, m_stats, m_mass;
    std::vector<Memory> m_outgrown; // still named by the step's commands
    std::vector<Pending> m_pending;
    std::uint64_t m_bytesRead = 0;
};

} // namespace kernels::vulkan
