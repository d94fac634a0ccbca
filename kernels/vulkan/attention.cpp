#include "kernels/vulkan/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace kernels::vulkan {
namespace {

constexpr int rowsAtOnce = 8;          // query heads, of some tokens, that share a reading of keys and values
constexpr std::size_t mostQueries = 4; // rotations that shaders/attend.comp can tell apart
constexpr std::int64_t partFloats = 4 << 20; // of the first pass, for the tokens that go through it together
constexpr std::int64_t mostPieces = 65535;   // workgroups in one direction, on any device
constexpr std::uint32_t nobody = 0xffffffff; // token

} // namespace

struct Attention::Call {
    const AttendArgs& args;
    const VulkanKvCache& cache;
    const PieceList& list;
    const KeyView& view;
    const Slice& inputs;
    int tokens, heads, kvHeads, headDim;
    Slice parts, weights;
    bool hasCapture;
    int headsAtOnce, tokensAtOnce; // rows of a workgroup

    std::int32_t piecesUpTo(int token) const { return list.firstPiece[static_cast<std::size_t>(token)]; }
};

void Attention::begin() {
    m_pending.clear();
    m_outgrown.clear();
}

const Slice& Attention::scratch(Memory& memory, VkDeviceSize bytes) {
    return m_gpu.scratch(memory, bytes, m_outgrown);
}

void Attention::run(const AttendArgs& args, const KeyView& view, const PieceList& list, const Slice& inputs) {
    const auto& cache = static_cast<const VulkanKvCache&>(*args.cache);
    const auto [kvHeads, headDim] = cache.shape().layer(args.layer);
    const int headsAtOnce = std::min(static_cast<int>(args.out.cols) / (headDim * kvHeads), rowsAtOnce),
              tokensAtOnce = rowsAtOnce / headsAtOnce;
    if (args.queries.size() > mostQueries)
        throw std::runtime_error("The graphics device knows no more than four rotations of a query.");
    Call call{args,
              cache,
              list,
              view,
              inputs,
              static_cast<int>(args.out.rows),
              static_cast<int>(args.out.cols / headDim),
              kvHeads,
              headDim,
              {},
              {},
              args.capture != nullptr,
              headsAtOnce,
              args.out.rows < tokensAtOnce ? 1 : tokensAtOnce}; // each number is a program of its own
    assert(call.tokens == static_cast<int>(view.tokens()) && call.heads % kvHeads == 0);
    const std::int64_t floatsOfPiece = static_cast<std::int64_t>(call.heads) * (4 + headDim);
    const std::int64_t most = std::min(mostPieces, std::max<std::int64_t>(1, partFloats / floatsOfPiece));
    if (call.hasCapture) {
        call.weights = scratch(m_weights, VkDeviceSize{4} * static_cast<VkDeviceSize>(call.heads) *
                                              static_cast<VkDeviceSize>(cache.shape().slots()));
        m_gpu.recorder.barrier();
        m_gpu.recorder.fillZero(call.weights);
    }
    for (int token = 0; token < call.tokens;) {
        int end = token + 1;
        while (end < call.tokens && call.piecesUpTo(end + 1) - call.piecesUpTo(token) <= most)
            ++end;
        const std::int64_t count = call.piecesUpTo(end) - call.piecesUpTo(token);
        call.parts =
            scratch(m_parts, static_cast<VkDeviceSize>(std::max<std::int64_t>(1, count) * floatsOfPiece * 4));
        m_gpu.recorder.barrier();
        if (count > 0)
            pieces(call, token, end);
        m_gpu.recorder.barrier();
        join(call, token, end);
        if (call.hasCapture && end == call.tokens)
            capture(call, token);
        token = end;
    }
    const VkDeviceSize sinkRow = static_cast<VkDeviceSize>(cache.sinkLayout(args.layer).rowWords()) * 8;
    const VkDeviceSize ringRow = static_cast<VkDeviceSize>(cache.ringLayout(args.layer).rowWords()) * 8;
    for (const KeyRun& run : view.runs)
        m_bytesRead += static_cast<std::uint64_t>(run.count) * static_cast<std::uint64_t>(kvHeads) *
                       (run.firstSlot < cache.shape().sinkSlots ? sinkRow : ringRow);
}

/// Pieces that are done together, (tiles, tokensAtOnce), counted from the first of `firstToken`: each next piece of neighbouring tokens, or
/// one alone where these see other keys.
std::vector<std::int32_t> Attention::tilesOf(const Call& call, int firstToken, int endToken) {
    const auto* const words = reinterpret_cast<const std::int32_t*>(call.inputs.mapped) + call.list.piecesAt;
    const auto slotOf = [&](std::int32_t piece) { return words[piece * std::int32_t{gpu::pieceWords} + 1]; };
    const auto queryOf = [&](std::int32_t piece) { return words[piece * std::int32_t{gpu::pieceWords} + 3]; };
    const int sinkSlots = call.cache.shape().sinkSlots, wanted = call.tokensAtOnce;
    const auto areNear = [&](std::int32_t one, std::int32_t other) {
        const std::int32_t ahead = slotOf(other) - slotOf(one);
        return queryOf(one) == queryOf(other) && (slotOf(one) < sinkSlots) == (slotOf(other) < sinkSlots) &&
               ahead >= 0 && ahead < wanted;
    };
    const std::int32_t base = call.piecesUpTo(firstToken);
    std::vector<std::int32_t> tiles;
    for (int token = firstToken; token < endToken;) {
        const std::int32_t first = call.piecesUpTo(token), pieces = call.piecesUpTo(token + 1) - first;
        int tokens = 1;
        const auto joins = [&](int other) {
            const std::int32_t from = call.piecesUpTo(other);
            if (call.piecesUpTo(other + 1) - from != pieces)
                return false;
            for (std::int32_t piece = 0; piece < pieces; ++piece)
                if (!areNear(first + piece, from + piece))
                    return false;
            return true;
        };
        while (tokens < wanted && token + tokens < endToken && joins(token + tokens))
            ++tokens;
        for (std::int32_t piece = 0; piece < pieces; ++piece)
            for (int i = 0; i < wanted; ++i)
                tiles.push_back(i < tokens ? first - base + i * pieces + piece : -1);
        token += tokens;
    }
    return tiles;
}

void Attention::pieces(const Call& call, int firstToken, int endToken) {
    const AttendArgs& args = call.args;
    const KvShape& shape = call.cache.shape();
    Binding queries[mostQueries];
    for (std::size_t i = 0; i < mostQueries; ++i)
        queries[i] = bindingOf(m_gpu, args.queries[std::min(i, args.queries.size() - 1)]);
    const bool isLast = call.hasCapture && endToken == call.tokens;
    const std::vector<std::int32_t> tiles = tilesOf(call, firstToken, endToken);
    const Slice tileList = m_gpu.recorder.stepMemory().take(tiles.size() * 4);
    std::memcpy(tileList.mapped, tiles.data(), tiles.size() * 4);
    const Binding slopes = args.style.slopes ? bindingOf(m_gpu, args.style.slopes) : Binding{call.parts};
    const Binding bindings[] = {queries[0],
                                queries[1],
                                queries[2],
                                queries[3],
                                {call.cache.sinks(args.layer)},
                                {call.cache.ring(args.layer)},
                                {call.inputs},
                                {call.parts},
                                slopes,
                                {call.hasCapture ? call.weights : call.parts},
                                {tileList}};
    Push push;
    push.add({call.list.piecesAt + gpu::pieceWords * call.piecesUpTo(firstToken), call.heads, call.kvHeads,
              call.headDim});
    for (const Binding& query : queries)
        push.add({query.first});
    push.add({shape.sinkSlots, shape.ringSlots, static_cast<int>(shape.sinkType),
              static_cast<int>(shape.ringType), call.cache.sinkLayout(args.layer).rowWords(),
              call.cache.ringLayout(args.layer).rowWords()});
    push.add(args.style.scale).add(args.style.softcap);
    push.add({args.style.slopes != nullptr, isLast ? static_cast<std::int64_t>(call.tokens - 1) : nobody});
    const int group = call.heads / call.kvHeads;
    const std::uint32_t constants[] = {static_cast<std::uint32_t>(call.headsAtOnce),
                                       static_cast<std::uint32_t>(call.tokensAtOnce)};
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::Attend, constants), bindings, push.words(),
                            static_cast<std::uint32_t>(tiles.size()) / constants[1],
                            static_cast<std::uint32_t>(call.kvHeads),
                            static_cast<std::uint32_t>((group + call.headsAtOnce - 1) / call.headsAtOnce));
}

void Attention::join(const Call& call, int firstToken, int endToken) {
    const Buffer* const sinkLogits = call.args.style.sinkLogits;
    const Binding out = bindingOf(m_gpu, call.args.out);
    const Binding bindings[] = {
        {call.parts}, {call.inputs}, sinkLogits ? bindingOf(m_gpu, sinkLogits) : Binding{call.parts}, out};
    Push push;
    push.add({call.list.firstPieceAt, call.piecesUpTo(firstToken), call.heads, call.headDim,
              sinkLogits != nullptr, out.first, firstToken});
    m_gpu.recorder.dispatch(m_gpu.pipelines.get(Shader::AttendJoin, {}), bindings, push.words(),
                            static_cast<std::uint32_t>(call.heads),
                            static_cast<std::uint32_t>(endToken - firstToken));
}

/// Of the last token, whose pieces the parts still hold from `firstToken`'s on.
void Attention::capture(const Call& call, int firstToken) {
    Recorder& recorder = m_gpu.recorder;
    const Buffer* const sinkLogits = call.args.style.sinkLogits;
    const KvShape& shape = call.cache.shape();
    const std::vector<std::int32_t> recent =
        gpu::recentSlots(call.view, shape.sinkSlots, call.args.capture->recentKeys);
    const Slice recentList = recorder.stepMemory().take(recent.size() * 4);
    if (!recent.empty())
        std::memcpy(recentList.mapped, recent.data(), recent.size() * 4);
    const auto heads = static_cast<VkDeviceSize>(call.heads),
               slots = static_cast<VkDeviceSize>(shape.slots());
    const Slice stats = scratch(m_stats, heads * gpu::statNumbers * 4);
    const Binding out = bindingOf(m_gpu, call.args.out.rowRange(call.tokens - 1, 1));
    const Binding bindings[] = {
        {call.parts}, {call.inputs},  sinkLogits ? bindingOf(m_gpu, sinkLogits) : Binding{call.parts},
        out,          {call.weights}, {stats},
        {recentList}};
    const std::int32_t base = call.piecesUpTo(firstToken);
    Push push;
    push.add({call.list.piecesAt + gpu::pieceWords * base, call.piecesUpTo(call.tokens - 1) - base,
              call.piecesUpTo(call.tokens) - base, call.heads, call.headDim, sinkLogits != nullptr, out.first,
              shape.slots(), shape.sinkSlots, static_cast<std::int64_t>(recent.size())});
    recorder.barrier();
    recorder.dispatch(m_gpu.pipelines.get(Shader::AttendCapture, {}), bindings, push.words(),
                      static_cast<std::uint32_t>(call.heads));
    recorder.barrier();
    Pending pending{
        call.args.capture, call.heads, recorder.stepMemory().take(heads * gpu::statNumbers * 4), {}, {}};
    recorder.copy(stats, pending.stats, heads * gpu::statNumbers * 4);
    if (!call.args.capture->slotMass.empty()) {
        const Slice mass = scratch(m_mass, slots * 4);
        const Binding both[] = {{call.weights}, {mass}};
        Push sizes;
        sizes.add({call.heads, shape.slots()});
        recorder.dispatch(m_gpu.pipelines.get(Shader::AttendMass, {}), both, sizes.words(),
                          groupsFor(shape.slots()));
        recorder.barrier();
        pending.mass = recorder.stepMemory().take(slots * 4);
        recorder.copy(mass, pending.mass, slots * 4);
    }
    if (!call.args.capture->rows.empty()) {
        pending.rows = recorder.stepMemory().take(heads * slots * 4);
        recorder.copy(call.weights, pending.rows, heads * slots * 4);
    }
    m_pending.push_back(pending);
}

void Attention::finish() {
    for (const Pending& pending : m_pending)
        gpu::fillCapture(*pending.capture, pending.stats.mapped, pending.mass.mapped, pending.rows.mapped);
    m_pending.clear();
}

std::uint64_t Attention::takeBytesRead() {
    return std::exchange(m_bytesRead, 0);
}

} // namespace kernels::vulkan
