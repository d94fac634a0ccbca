#include "engine/recorder/record_file.h"

#include "engine/context.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace engine {
namespace {

constexpr std::size_t HeaderBytes = 4096;
constexpr std::uint64_t KeptFree = 512u << 20; // bytes of the disk: chats are stored there, too
constexpr int RecordsBetweenChecks = 16;

/// The fixed part of a record, as it stands in the file; little-endian like every machine this runs on.
struct RecordHead {
    std::uint64_t number;  // of the decoded token since the start; a step of more than 1: some were dropped
    std::int64_t position; // in the stream
    std::int64_t oldest;   // position of the first ring column
    std::int32_t token;
    std::int32_t sinks; // columns of pinned tokens
    std::int32_t keys;  // columns in use, sinks included; the newest token last
    std::int32_t told;  // the position inside the cache that the model is told
};
static_assert(sizeof(RecordHead) == 40 && std::endian::native == std::endian::little);

std::size_t recordBytes(const RecordShape& shape) {
    const std::size_t weights = static_cast<std::size_t>(shape.layers) *
                                static_cast<std::size_t>(shape.heads) *
                                static_cast<std::size_t>(shape.columns);
    return (sizeof(RecordHead) + weights * sizeof(std::uint16_t) + 7) / 8 * 8;
}

std::string jsonString(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            result += '\\';
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + '"';
}

std::string headerOf(const RecordShape& shape, const RecordingSource& source) {
    const auto number = [](auto value) { return std::to_string(value); };
    const std::string dimensions =
        number(shape.layers) + "," + number(shape.heads) + "," + number(shape.columns);
    std::string header =
        R"({"format":"sumidero-attention","version":1,"header_bytes":)" + number(HeaderBytes) +
        R"(,"model":)" + jsonString(source.model) + R"(,"quantisation":)" + jsonString(source.quantisation) +
        R"(,"seed":)" + jsonString(number(source.seed)) + R"(,"layers":)" + number(shape.layers) +
        R"(,"heads":)" + number(shape.heads) + R"(,"sink_slots":)" + number(shape.sinkSlots) +
        R"(,"ring_slots":)" + number(shape.ringSlots) + R"(,"columns":)" + number(shape.columns) +
        R"(,"units":"weights after softmax, per query head; columns: sinks, then oldest to newest")" +
        R"(,"dtype":{"names":["number","position","oldest","token","sinks","keys","told","weights"],)" +
        R"("formats":["<u8","<i8","<i8","<i4","<i4","<i4","<i4","()" + dimensions + R"()<f2"],)" +
        R"("offsets":[0,8,16,24,28,32,36,40],"itemsize":)" + number(recordBytes(shape)) + "}}";
    header.resize(HeaderBytes - 1, ' ');
    return header + '\n';
}

} // namespace

RecordShape recordShapeOf(const Context& context) {
    const ModelConfig& c = context.model().config;
    const SinkCache& cache = context.cache();
    // A token sees the window before it and itself.
    return {c.layers, c.heads, cache.shape().sinks, cache.ringSlots(),
            std::min(cache.slots(), cache.shape().sinks + cache.shape().window + 1)};
}

void weightsToHalf(const float* from, std::uint16_t* to, int count) {
    constexpr float SmallestNormal = 0x1p-14f;
    for (int i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<std::uint32_t>(from[i]);
        // The exponent's bias goes from 127 to 15; below the smallest normal half the number counts 2^-24ths.
        const std::uint32_t normal = ((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112u << 10);
        const float scaled = from[i] * 0x1p24f + 0x1p23f; // an integer in the lowest bits, rounded to even
        const std::uint32_t small = std::bit_cast<std::uint32_t>(scaled) & 0x7ff;
        to[i] = static_cast<std::uint16_t>(from[i] < SmallestNormal ? small : normal);
    }
}

RecordFile::RecordFile(const std::filesystem::path& path, const RecordShape& shape,
                       const RecordingSource& source)
    : m_path(path), m_shape(shape), m_record(recordBytes(shape)) {
    m_file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (m_file < 0)
        throw Error("The recording could not begin: " + path.string() + " cannot be written (" +
                    std::generic_category().message(errno) + ").");
    try {
        checkSpace();
        // Only now: what is there under this name stays until a recording can really begin.
        [[maybe_unused]] const int ignored = ::ftruncate(m_file, 0); // devices cannot be cut
        const std::string header = headerOf(shape, source);
        write(std::as_bytes(std::span(header)));
    } catch (...) {
        ::close(m_file);
        throw;
    }
    m_bytes = HeaderBytes;
}

RecordFile::~RecordFile() {
    if (m_file >= 0)
        close();
}

void RecordFile::finish() {
    if (close() != 0)
        throw failure(errno);
}

int RecordFile::close() {
    // A record that was cut off goes, so that the file can be read whole. Devices cannot be cut.
    [[maybe_unused]] const int ignored = ::ftruncate(m_file, static_cast<off_t>(m_bytes));
    return ::close(std::exchange(m_file, -1));
}

Error RecordFile::failure(int error) const {
    return Error("The recording has ended: " + m_path.string() + " cannot be written (" +
                 std::generic_category().message(error) + ").");
}

void RecordFile::append(const AttentionFrame& frame, TokenId token, std::uint64_t number) {
    const auto ring = static_cast<int>(frame.position < frame.oldest ? 0 : frame.position - frame.oldest + 1);
    const RecordHead head{number,
                          frame.position,
                          frame.oldest,
                          token,
                          frame.sinkCount,
                          frame.sinkCount + ring,
                          static_cast<std::int32_t>(frame.sinkPosition)};
    std::memcpy(m_record.data(), &head, sizeof head);
    auto* weights = reinterpret_cast<std::uint16_t*>(m_record.data() + sizeof head);
    const int first =
        static_cast<int>((frame.oldest - frame.ringStart) % frame.ringSlots); // ring slot of `oldest`
    const int straight = std::min(ring, frame.ringSlots - first);             // up to the ring's end
    const float* row = frame.rows.data();
    for (int i = 0; i < m_shape.layers * m_shape.heads; ++i) {
        weightsToHalf(row, weights, frame.sinkCount);
        const float* slots = row + frame.sinkSlots;
        weightsToHalf(slots + first, weights + frame.sinkCount, straight);
        weightsToHalf(slots, weights + frame.sinkCount + straight, ring - straight);
        std::fill(weights + frame.sinkCount + ring, weights + m_shape.columns, std::uint16_t{0});
        weights += m_shape.columns;
        row += m_shape.sinkSlots + m_shape.ringSlots;
    }
    if (++m_records % RecordsBetweenChecks == 0)
        checkSpace();
    write(m_record);
    m_bytes += m_record.size();
}

void RecordFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(m_file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            throw failure(errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void RecordFile::checkSpace() const {
    struct statvfs disk {};
    if (::fstatvfs(m_file, &disk) != 0 || disk.f_blocks == 0) // a device that knows no space
        return;
    if (std::uint64_t{disk.f_bavail} * disk.f_frsize < KeptFree)
        throw Error("The recording has ended: less than 512 MB are free on the disk of " + m_path.string() +
                    ".");
}

} // namespace engine
