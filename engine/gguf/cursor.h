#pragma once
#include "engine/error.h"
#include "engine/gguf/input_file.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// Reads little-endian values one after the other and never past the end. Lengths that the file claims are
/// compared with the bytes that are left before anything is allocated or added up.
class GgufCursor {
public:
    explicit GgufCursor(const InputFile& file) : m_file(file) {}

    std::uint64_t position() const { return m_start + m_at; }
    std::uint64_t remaining() const { return m_file.size() - position(); }

    template <class T>
    T read(const char* what) {
        T value;
        need(sizeof(T), what);
        std::memcpy(&value, m_buffer.data() + m_at, sizeof(T));
        m_at += sizeof(T);
        return value;
    }

    /// A length (64 bits) and that many bytes; the view holds until the next read.
    std::string_view readString(std::uint64_t limit, const char* what) {
        const auto length = read<std::uint64_t>(what);
        if (length > limit)
            throw Error(std::string("it is damaged: the length of ") + what + " is absurd (" +
                        std::to_string(length) + " bytes)");
        need(length, what);
        const std::string_view text(reinterpret_cast<const char*>(m_buffer.data() + m_at),
                                    static_cast<std::size_t>(length));
        m_at += text.size();
        return text;
    }

private:
    void need(std::uint64_t count, const char* what) {
        if (count > remaining())
            throw Error(std::string("it is cut off: the file ends inside ") + what);
        if (count > m_buffer.size() - m_at)
            refill(count);
    }

    void refill(std::uint64_t count) {
        constexpr std::uint64_t Step = 256 << 10;
        m_start += m_at;
        m_buffer.erase(m_buffer.begin(), m_buffer.begin() + static_cast<std::ptrdiff_t>(m_at));
        m_at = 0;
        const std::size_t held = m_buffer.size();
        const std::uint64_t wanted = std::min(std::max(count, Step), m_file.size() - m_start);
        m_buffer.resize(static_cast<std::size_t>(wanted));
        m_file.read(m_start + held, std::span(m_buffer).subspan(held));
    }

    const InputFile& m_file;
    std::vector<std::byte> m_buffer; // from m_start of the file on
    std::uint64_t m_start = 0;
    std::size_t m_at = 0;
};

} // namespace engine
