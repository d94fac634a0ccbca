#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>

namespace engine {

/// A regular file, read piece by piece into memory of the caller. It is not mapped: touching a page of a mapping behind the end of a file
/// that was cut meanwhile ends the program, and no check beforehand is in time. Any thread.
class InputFile {
public:
    /// Throws engine::Error, a whole sentence.
    explicit InputFile(const std::filesystem::path& path, std::stop_token stop = {});
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    std::uint64_t size() const { return m_size; } // when it was opened
    /// Fills `into` from `offset` on; several threads share what is large. Throws engine::Error with a clause ("it has become shorter
    /// ...") that has no full stop, and Stopped.
    void read(std::uint64_t offset, std::span<std::byte> into) const;
    /// Throws Stopped when a stop was asked for.
    void checkStop() const;
    const std::stop_token& stopToken() const { return m_stop; }

private:
    void readPart(std::uint64_t offset, std::span<std::byte> into) const;

    std::stop_token m_stop;
    int m_descriptor = -1;
    std::uint64_t m_size = 0;
};

} // namespace engine
