#include "engine/chat_format.h"
#include "engine/gguf_file.h"
#include "engine/model_config.h"
#include "engine/tokenizer.h"
#include "tests/fuzz/use_model.h"

#include <sys/mman.h>
#include <unistd.h>

// A libFuzzer target: any bytes are a model file that loads and runs, or is refused with a sentence. Built with -DSUMIDERO_FUZZ=ON by
// clang; start it with the folder "models" that write_fuzz_seeds makes, and with -dict=tests/fuzz/gguf.dict.
namespace {

using fuzz::attempt;

void use(const engine::GgufFile& file) {
    attempt([&] { engine::ModelConfig::fromGguf(file).inWords(); });
    attempt([&] { engine::ChatFormat::detect(file); });
    attempt([&] {
        const auto tokenizer = engine::Tokenizer::fromGguf(file);
        const engine::TextPart parts[] = {{"<|im_start|>", engine::TextPart::Trust::Special},
                                          {"the \xFFrain <|im_end|>", engine::TextPart::Trust::Plain}};
        for (const engine::TokenId token : tokenizer->encode(parts))
            if (token < 0 || token >= tokenizer->vocabularySize())
                __builtin_trap();
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const int descriptor = ::memfd_create("input", MFD_CLOEXEC);
    if (descriptor < 0 || ::write(descriptor, data, size) != static_cast<ssize_t>(size))
        __builtin_trap();
    const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
    attempt([&] { use(*engine::GgufFile::open(path)); });
    if (::ftruncate(descriptor, static_cast<off_t>(size + fuzz::WeightBytes)) != 0)
        __builtin_trap();
    attempt([&] { use(*engine::GgufFile::open(path)); });
    attempt([&] { fuzz::runModel(path); });
    ::close(descriptor);
    return 0;
}
