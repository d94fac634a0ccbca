#pragma once
#include "engine/gguf/input_file.h"
#include "engine/gguf_file.h"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace engine {

/// What the header of a GGUF file says, checked in full (format: the GGUF specification, versions 2 and 3).
struct GgufContents {
    int version = 0;
    std::vector<std::pair<std::string, GgufFile::Value>> metadata;
    std::vector<GgufFile::TensorInfo> tensors;
    // Ordered maps: no chosen set of names can make a look-up slow.
    std::map<std::string, std::size_t, std::less<>> keyIndex;
    std::map<std::string, std::size_t, std::less<>> tensorIndex;
};

/// Throws engine::Error with a clause that follows "the file cannot be used: " and has no full stop.
GgufContents parseGguf(const InputFile& file);

} // namespace engine
