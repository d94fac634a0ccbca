#include "engine/session/text_mark.h"

namespace engine {

void TextMark::add(std::string_view more) {
    for (const char c : more)
        m_hash = (m_hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    m_length += more.size();
}

} // namespace engine
