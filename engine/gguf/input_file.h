#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace engine {

/// A regular file, read piece by piece into memory of the caller. It is not mapped: touching a page of a mapping behind the end of a file
/// that was cut meanwhile ends the program, and no check beforehand is in time. Any thread.
class InputFile {
public:
    /// Throws engine::Error, a whole sentence.
    explicit InputFile(const std::filesystem::path& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    std::uint64_t size() const { return m_size; } // when it was opened
    /// Fills `into` from `offset` on; several threads share what is large. Throws engine::Error with a clause ("it has become shorter ...") that has no full stop.
    void read(std::uint64_t offset, std::span<std::byte> into) const;

private:
    void readPart(std::uint64_t offset, std::span<std::byte> into) const;

    int m_descriptor = -1;
    std::uint64_t m_size = 0;
};

} // namespace engine
