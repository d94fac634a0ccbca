#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace engine {

/// A regular file mapped for reading. The descriptor stays open, so that sizeOnDisk() can tell whether the
/// file was cut while it is in use (touching mapped pages behind the new end would end the program). Any
/// thread.
class MappedFile {
public:
    /// Throws engine::Error.
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return m_bytes; }
    std::uint64_t sizeOnDisk() const;
    /// The whole pages inside `range` may leave memory; reading them again fetches them from the file.
    void release(std::span<const std::byte> range) const;

private:
    int m_descriptor = -1;
    std::span<const std::byte> m_bytes;
};

} // namespace engine
