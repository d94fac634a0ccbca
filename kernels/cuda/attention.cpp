#include "kernels/cuda/attention.h"

#include "kernels/round_up.h"

#include <algorithm>
#include <stdexcept>

namespace kernels::cuda {
namespace {

constexpr std::int64_t partFloats = 4 << 20; // of the first pass, for the tokens that go through it together

/// Which kernel takes a group of query heads, for some tokens at a time, and in how many parts of the group.
struct HeadGroups {
    std::uint32_t variant = 0, count = 1;
    int tokens() const { return attendVariants[variant].tokens; }
};

HeadGroups headGroupsOf(int group, int headDim, int tokens) {
    std::uint32_t variant = 0;
    while (variant + 1 < attendHeadVariants && attendVariants[variant].heads < group)
        ++variant;
    const int heads = attendVariants[variant].heads;
    const std::uint32_t shared = variant + attendHeadVariants; // of a prompt
    return {headDim <= mostSharedHeadDim && tokens >= attendVariants[shared].tokens ? shared : variant,
            static_cast<std::uint32_t>((group + heads - 1) / heads)};
}

/// The most that one of the tokens has.
std::int32_t mostPieces(const gpu::PieceList& list, std::int32_t firstToken, std::int32_t endToken) {
    std::int32_t most = 1;
    for (auto token = static_cast<std::size_t>(firstToken); token < static_cast<std::size_t>(endToken);
         ++token)
        most = std::max(most, list.firstPiece[token + 1] - list.firstPiece[token]);
    return most;
}

std::size_t rowBytes(const CachePart& part) {
    return static_cast<std::size_t>(part.numberWords) * 4 + static_cast<std::size_t>(part.scaleHalves) * 2;
}

} // namespace

void Attention::run(const AttendArgs& args, const UploadedView& uploaded) {
    const auto& cache = static_cast<const CudaKvCache&>(*args.cache);
    const auto [kvHeads, headDim] = cache.shape().layer(args.layer);
    if (args.queries.size() > mostQueries)
        throw std::runtime_error("The graphics card knows no more than four rotations of a query.");
    if (headDim > mostHeadDim)
        throw std::runtime_error("The graphics card takes no heads of more than " +
                                 std::to_string(mostHeadDim) + " numbers.");
    const gpu::PieceList& list = *uploaded.list;
    AttendArguments arguments{.sinks = cache.sinks(args.layer),
                              .ring = cache.ring(args.layer),
                              .firstPiece = uploaded.inputs + list.firstPieceAt,
                              .out = addressOf(args.out),
                              .slopes = addressOf(args.style.slopes),
                              .sinkLogits = addressOf(args.style.sinkLogits),
                              .capturedToken =
                                  args.capture ? static_cast<std::int32_t>(args.out.rows) - 1 : -1,
                              .heads = static_cast<std::int32_t>(args.out.cols / headDim),
                              .kvHeads = kvHeads,
                              .headDim = headDim,
                              .scale = args.style.scale,
                              .softcap = args.style.softcap};
    for (std::size_t i = 0; i < mostQueries; ++i)
        arguments.queries[i] = addressOf(args.queries[std::min(i, args.queries.size() - 1)]);
    const int slots = cache.shape().slots();
    const auto tokens = static_cast<int>(args.out.rows);
    assert(tokens == static_cast<int>(uploaded.view->tokens()) && arguments.heads % kvHeads == 0);
    if (args.capture) {
        const std::size_t bytes =
            sizeof(float) * static_cast<std::size_t>(arguments.heads) * static_cast<std::size_t>(slots);
        arguments.weights = reinterpret_cast<float*>(m_gpu.recorder.scratch(m_weights, bytes));
        m_gpu.recorder.zero(arguments.weights, bytes);
    }
    const std::int64_t floatsOfPiece = static_cast<std::int64_t>(arguments.heads) * (partNumbers + headDim);
    const std::int64_t most = std::max<std::int64_t>(1, partFloats / floatsOfPiece);
    for (int token = 0; token < tokens; token = arguments.endToken) {
        const std::int32_t base = list.firstPiece[static_cast<std::size_t>(token)];
        int end = token + 1;
        while (end < tokens && list.firstPiece[static_cast<std::size_t>(end) + 1] - base <= most)
            ++end;
        arguments.firstToken = token;
        arguments.endToken = end;
        arguments.basePiece = base;
        arguments.pieces = uploaded.inputs + list.piecesAt + gpu::pieceWords * static_cast<std::size_t>(base);
        this->tokens(arguments, list, args.capture && end == tokens);
    }
    if (args.capture)
        capture(arguments, *args.capture, slots);
    for (const KeyRun& run : uploaded.view->runs)
        m_bytesRead += 2 * static_cast<std::uint64_t>(run.count) * static_cast<std::uint64_t>(kvHeads) *
                       rowBytes(run.firstSlot < arguments.sinks.slots ? arguments.sinks : arguments.ring);
}

/// Both passes over the tokens that `arguments` name.
void Attention::tokens(AttendArguments& arguments, const gpu::PieceList& list, bool isCaptured) {
    const std::int32_t count =
        list.firstPiece[static_cast<std::size_t>(arguments.endToken)] - arguments.basePiece;
    const std::int32_t room = roundUp(std::max(1, count), pieceUnit);
    const std::size_t floats = static_cast<std::size_t>(room) * static_cast<std::size_t>(arguments.heads) *
                               static_cast<std::size_t>(partNumbers + arguments.headDim);
    arguments.parts = reinterpret_cast<float*>(m_gpu.recorder.scratch(m_parts, floats * sizeof(float)));
    const std::int32_t tokens = arguments.endToken - arguments.firstToken;
    const HeadGroups groups = headGroupsOf(arguments.heads / arguments.kvHeads, arguments.headDim, tokens);
    arguments.piecesOfToken = mostPieces(list, arguments.firstToken, arguments.endToken);
    if (tokens == 1) // so that a growing cache changes a token's commands only now and then
        arguments.piecesOfToken = roundUp(arguments.piecesOfToken, pieceUnit);
    const std::int32_t tiles = (tokens + groups.tokens() - 1) / groups.tokens();
    AttendArguments own = arguments;
    if (!isCaptured)
        own.capturedToken = -1;
    m_gpu.recorder.launch(KernelId::Attend, groups.variant,
                          {static_cast<std::uint32_t>(tiles * arguments.piecesOfToken),
                           static_cast<std::uint32_t>(arguments.kvHeads), groups.count},
                          blockThreads, own);
    m_gpu.recorder.launch(KernelId::AttendJoin, 0,
                          {static_cast<std::uint32_t>(arguments.heads), static_cast<std::uint32_t>(tokens)},
                          blockThreads, own);
}

/// Of the last token, whose pieces the parts still hold.
void Attention::capture(const AttendArguments& arguments, AttentionCapture& capture, int slots) {
    Recorder& recorder = m_gpu.recorder;
    const auto heads = static_cast<std::size_t>(arguments.heads), slotCount = static_cast<std::size_t>(slots);
    Pending pending{&capture};
    const std::size_t statBytes = heads * gpu::statNumbers * sizeof(float);
    auto* const stats = reinterpret_cast<float*>(recorder.scratch(m_stats, statBytes));
    recorder.launch(KernelId::AttendCapture, 0, {static_cast<std::uint32_t>(arguments.heads)}, blockThreads,
                    CaptureArguments{arguments, stats, slots, capture.recentKeys});
    pending.stats = recorder.download(stats, statBytes);
    if (!capture.slotMass.empty()) {
        auto* const mass = reinterpret_cast<float*>(recorder.scratch(m_mass, slotCount * sizeof(float)));
        recorder.launch(KernelId::AttendMass, 0, blocksFor(slots), blockThreads,
                        MassArguments{arguments.weights, mass, arguments.heads, slots});
        pending.mass = recorder.download(mass, slotCount * sizeof(float));
    }
    if (!capture.rows.empty())
        pending.rows = recorder.download(arguments.weights, heads * slotCount * sizeof(float));
    m_pending.push_back(pending);
}

void Attention::finish() {
    for (const Pending& pending : m_pending)
        gpu::fillCapture(*pending.capture, pending.stats, pending.mass, pending.rows);
    m_pending.clear();
}

} // namespace kernels::cuda
