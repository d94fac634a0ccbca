#pragma once
#include "engine/gguf/input_file.h"
#include "engine/gguf/parser.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <vector>

namespace engine {

/// The files of one model: a single one, or all parts of a model in several (keys split.no and split.count; names that end in
/// -00002-of-00003.gguf, as llama.cpp's gguf-split gives them).
struct GgufParts {
    struct File {
        File(const std::filesystem::path& where, const std::stop_token& stop)
            : path(where), input(where, stop) {}
        std::filesystem::path path;
        InputFile input;
    };
    std::vector<std::unique_ptr<File>> files; // TensorInfo::part counts in them
    GgufContents contents;                    // metadata of the first, tensors of all
};

/// `path` may name any part. Throws engine::Error, a whole sentence that names the file at fault: one that is missing, damaged or belongs
/// to another model. Throws Stopped.
GgufParts openParts(const std::filesystem::path& path, const std::stop_token& stop);

} // namespace engine
