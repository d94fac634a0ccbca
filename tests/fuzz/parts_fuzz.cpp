#include "engine/gguf_file.h"
#include "engine/model_config.h"
#include "tests/fuzz/use_model.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdlib.h>

// A libFuzzer target: two files that call themselves the parts of a model. The first two bytes say where the input is cut in two. Start it
// with the folder "parts" that write_fuzz_seeds makes, with -dict=tests/fuzz/gguf.dict, and with TMPDIR in memory.
namespace {

const std::filesystem::path& folder() {
    static const std::filesystem::path made = [] {
        std::string name = (std::filesystem::temp_directory_path() / "sumidero-fuzz-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            __builtin_trap();
        return std::filesystem::path(name);
    }();
    return made;
}

std::filesystem::path put(const char* name, const std::uint8_t* data, std::size_t size) {
    const std::filesystem::path path = folder() / name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    return path;
}

void use(const std::filesystem::path& path) {
    fuzz::attempt([&] {
        const auto file = engine::GgufFile::open(path);
        std::vector<std::byte> bytes;
        for (const engine::GgufFile::TensorInfo& tensor : file->tensors())
            file->read(tensor, bytes);
        engine::ModelConfig::fromGguf(*file);
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2)
        return 0;
    const std::size_t cut = std::min<std::size_t>(size - 2, data[0] + 256u * data[1]);
    const auto first = put("x-00001-of-00002.gguf", data + 2, cut);
    const auto second = put("x-00002-of-00002.gguf", data + 2 + cut, size - 2 - cut);
    use(first);
    use(second);
    for (const auto& part : {first, second}) // a hole: it takes no room
        std::filesystem::resize_file(part, std::filesystem::file_size(part) + fuzz::WeightBytes);
    use(first);
    fuzz::attempt([&] { fuzz::runModel(second); });
    return 0;
}
