#pragma once
#include "engine/attention_frame.h"
#include "engine/error.h"
#include "engine/recorder.h"

#include <span>
#include <vector>

namespace engine {

/// The shape that all records of a file share.
struct RecordShape {
    int layers = 0, heads = 0;
    int sinkSlots = 0, ringSlots = 0;
    int columns = 0; // keys that one token can see at most
    bool operator==(const RecordShape&) const = default;
};

RecordShape recordShapeOf(const Context& context);

/// One file of records; it grows in its place, so that a recording of hours can be looked at and survives the program. What was there under its
/// name stays until the recording begins. Writer thread. Throws engine::Error with a sentence; then nothing more may be appended.
class RecordFile {
public:
    RecordFile(const std::filesystem::path& path, const RecordShape& shape, const RecordingSource& source);
    ~RecordFile(); // cut to whole records
    RecordFile(const RecordFile&) = delete;
    RecordFile& operator=(const RecordFile&) = delete;

    /// `number` counts the decoded tokens since the start, dropped ones too.
    void append(const AttentionFrame& frame, TokenId token, std::uint64_t number);
    std::uint64_t bytes() const { return m_bytes; }
    /// Nothing may be appended any more. What a disk refuses at the very end is thrown here.
    void finish();

private:
    int close();
    Error failure(int error) const;
    void write(std::span<const std::byte> bytes);
    void checkSpace() const;

    std::filesystem::path m_path;
    RecordShape m_shape;
    int m_file = -1;
    std::uint64_t m_bytes = 0; // whole records and the header
    std::uint64_t m_records = 0;
    std::vector<std::byte> m_record;
};

/// Weights (0 .. 1) to half precision, round to nearest even.
void weightsToHalf(const float* from, std::uint16_t* to, int count);

} // namespace engine
