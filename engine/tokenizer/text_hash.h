#pragma once
#include <cstdint>
#include <string_view>

namespace engine {

/// Hash of token texts, salted by chance: no vocabulary can be made to fill one bucket of a table.
class TextHash {
public:
    TextHash();
    std::size_t operator()(std::string_view text) const;

private:
    std::uint64_t m_salt;
};

} // namespace engine
