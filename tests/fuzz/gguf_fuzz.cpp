#include "engine/chat_format.h"
#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/model_config.h"
#include "engine/tokenizer.h"

#include <sys/mman.h>
#include <unistd.h>

// A libFuzzer target: any bytes are a model file that loads or is refused with a sentence. Built with
// -DSUMIDERO_FUZZ=ON by clang; start it with a folder that holds a small GGUF file as corpus.
namespace {

template <class Work>
void attempt(Work work) {
    try {
        work();
    } catch (const engine::Error&) { // the expected answer to most inputs
    }
}

void use(const engine::GgufFile& file) {
    attempt([&] { engine::ModelConfig::fromGguf(file); });
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
    attempt([&] { use(*engine::GgufFile::open("/proc/self/fd/" + std::to_string(descriptor))); });
    ::close(descriptor);
    return 0;
}
