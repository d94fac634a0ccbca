// Writes what the fuzzers begin with: write_fuzz_seeds FOLDER makes FOLDER/models for gguf_fuzz and FOLDER/parts for parts_fuzz.
#include "engine/gguf_file.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace {

using std::filesystem::path;

/// A file of a model without its values, which the fuzzers put behind it as zeros.
std::string descriptionOf(const path& file, int part = 0) {
    std::uint64_t begin = std::filesystem::file_size(file);
    const auto model = engine::GgufFile::open(file);
    for (const engine::GgufFile::TensorInfo& tensor : model->tensors())
        if (tensor.part == part)
            begin = std::min(begin, tensor.offset);
    std::ifstream in(file, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    bytes.resize(static_cast<std::size_t>(begin));
    return bytes;
}

void save(const path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The two parts one after the other, behind the length of the first (16 bits).
std::string inOne(const path& first) {
    path second = first;
    std::string name = first.filename().string();
    name.replace(name.find("-00001-of-") + 5, 1, "2");
    second.replace_filename(name);
    const std::string head = descriptionOf(first), tail = descriptionOf(second, 1);
    const auto cut = static_cast<std::uint16_t>(head.size());
    return std::string{static_cast<char>(cut & 0xff), static_cast<char>(cut >> 8)} + head + tail;
}

void writeSeeds(const path& folder) {
    std::filesystem::create_directories(folder / "models");
    std::filesystem::create_directories(folder / "parts");
    for (const std::string& family : test::toyFamilies())
        save(folder / "models" / family, descriptionOf(test::writeToyModel({.architecture = family})));
    for (int type = 0; type <= static_cast<int>(kernels::DType::MXFP4); ++type) {
        const auto dtype = static_cast<kernels::DType>(type);
        save(folder / "models" / kernels::name(dtype),
             descriptionOf(test::writeToyModel({.dim = 256, .ffnDim = 256, .headDim = 64, .type = dtype})));
    }
    save(folder / "models" / "sentencepiece", descriptionOf(test::writeToyModel({.sentencePiece = true})));
    for (const char* family : {"llama", "gpt-oss", "gemma4"})
        save(folder / "parts" / family, inOne(test::writeToyModel({.architecture = family, .parts = 2})));
}

} // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fprintf(stderr, "usage: write_fuzz_seeds FOLDER\n");
        return 2;
    }
    writeSeeds(words[1]);
}
