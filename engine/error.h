#pragma once
#include "engine/presentable.h"

#include <stdexcept>
#include <string>

namespace engine {

/// The world went wrong (file, device, memory). what() is one sentence a user understands; it ends what was asked, never the program.
/// Whatever was put into it, it is one line that can be shown (presentable.h); long foreign names are shortened before.
class Error : public std::runtime_error {
public:
    explicit Error(std::string_view sentence) : std::runtime_error(presentable(sentence, longestSentence)) {}

private:
    static constexpr std::size_t longestSentence = 2000;
};

/// Thrown where a file is read and made use of, because its reader asked for a stop (GgufFile::open). Model::load() makes a value of it.
struct Stopped {};

} // namespace engine
