#include "app/cli/command.h"
#include "app/cli/model_path.h"
#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/tokenizer.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace cli {

namespace {

struct Arguments {
    std::string model;
    std::string textFile;
    bool special = false;
};

std::string readText(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path))
        throw engine::Error(path + " cannot be read.");
    return {std::istreambuf_iterator<char>(file), {}};
}

void run(const Arguments& arguments) {
    const auto file = engine::GgufFile::open(arguments.model);
    const auto tokenizer = engine::Tokenizer::fromGguf(*file);
    const std::string text = readText(arguments.textFile);
    using Trust = engine::TextPart::Trust;
    const engine::TextPart part{text, arguments.special ? Trust::Special : Trust::Plain};
    std::string line = "[";
    for (const engine::TokenId token : tokenizer->encode({&part, 1}))
        line += (line.size() > 1 ? "," : "") + std::to_string(token);
    std::printf("%s]\n", line.c_str());
}

} // namespace

void addTokenize(CLI::App& app) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand("tokenize", "Prints the token ids of a text as a JSON array");
    addModelPath(*command, arguments->model);
    command->add_option("--text-file", arguments->textFile, "UTF-8 text")->required();
    command->add_flag("--special", arguments->special, "Special tokens written in the text count as such");
    command->callback([arguments] { run(*arguments); });
}

} // namespace cli
