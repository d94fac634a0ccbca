#pragma once
#include "engine/error.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace engine {

/// Reads little-endian values one after the other and never past the end. Lengths that the file claims are
/// compared with the bytes that are left before anything is allocated or added up.
class GgufCursor {
public:
    explicit GgufCursor(std::span<const std::byte> bytes) : m_bytes(bytes) {}

    std::size_t position() const { return m_position; }
    std::size_t remaining() const { return m_bytes.size() - m_position; }

    template <class T>
    T read(const char* what) {
        T value;
        need(sizeof(T), what);
        std::memcpy(&value, m_bytes.data() + m_position, sizeof(T));
        m_position += sizeof(T);
        return value;
    }

    /// A length (64 bits) and that many bytes; the view lies inside the mapping.
    std::string_view readString(std::uint64_t limit, const char* what) {
        const auto length = read<std::uint64_t>(what);
        if (length > limit)
            throw Error(std::string("it is damaged: the length of ") + what + " is absurd (" +
                        std::to_string(length) + " bytes)");
        need(length, what);
        const std::string_view text(reinterpret_cast<const char*>(m_bytes.data() + m_position),
                                    static_cast<std::size_t>(length));
        m_position += text.size();
        return text;
    }

private:
    void need(std::uint64_t count, const char* what) const {
        if (count > remaining())
            throw Error(std::string("it is cut off: the file ends inside ") + what);
    }

    std::span<const std::byte> m_bytes;
    std::size_t m_position = 0;
};

} // namespace engine
