#include "app/cli/command.h"
#include "app/cli/model_path.h"
#include "app/cli/output.h"
#include "engine/chat_format.h"
#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/model_config.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace cli {

namespace {

using Json = nlohmann::ordered_json; // metadata in the order of the file

constexpr std::size_t shownItems = 8;
constexpr std::size_t shownCharacters = 100;
constexpr std::size_t longestPath = 1000;

template <class List>
Json firstItems(const List& list) {
    Json items = Json::array();
    for (std::size_t i = 0; i < std::min(list.size(), shownItems); ++i)
        items.push_back(static_cast<typename List::value_type>(list[i]));
    return items;
}

/// Short arrays whole, of long ones the length and the first items.
Json toJson(const engine::GgufFile::Value& value) {
    return std::visit(
        [](const auto& held) -> Json {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::shared_ptr<const engine::GgufFile::Array>>) {
                Json first = std::visit([](const auto& list) { return firstItems(list); }, held->items);
                if (held->size() <= shownItems)
                    return first;
                return Json{{"count", held->size()}, {"first", std::move(first)}};
            } else {
                return held;
            }
        },
        value);
}

/// Why this file cannot be run; empty when it can.
std::string problemOf(const engine::GgufFile& file) {
    try {
        engine::ModelConfig::fromGguf(file);
        return "";
    } catch (const engine::Error& error) {
        return error.what();
    }
}

Json describe(const engine::GgufFile& file) {
    Json object;
    object["file"] = file.path().string();
    object["bytes"] = file.fileBytes();
    object["version"] = file.version();
    object["name"] = engine::displayName(file);
    object["quantisation"] = engine::quantisationLabel(file);
    const engine::ChatFormat format = engine::ChatFormat::detect(file);
    object["chat_format"] = format.name;
    object["template_trouble"] = format.trouble; // empty: the file's template is used, or it has none
    object["problem"] = problemOf(file);
    Json::object_t metadata; // a list underneath, which [key] would search from the start every time
    for (const auto& [key, value] : file.metadata())
        metadata.emplace_back(key, toJson(value));
    object["metadata"] = std::move(metadata);
    object["tensors"] = Json::array();
    for (const engine::GgufFile::TensorInfo& tensor : file.tensors())
        object["tensors"].push_back({{"name", tensor.name},
                                     {"type", kernels::name(tensor.type)},
                                     {"shape", tensor.shape},
                                     {"bytes", tensor.bytes}});
    return object;
}

/// One short line, whatever the value holds.
std::string shown(const Json& value) {
    if (value.is_object())
        return std::to_string(value["count"].get<std::size_t>()) +
               " items: " + engine::presentable(jsonText(value["first"], -1), shownCharacters) + " ...";
    return engine::presentable(jsonText(value, -1), shownCharacters);
}

std::string shownText(const Json& text) {
    return engine::presentable(text.get_ref<const std::string&>());
}

void printTable(const Json& object) {
    std::printf("%s\n  %s, %s, chat format %s\n  GGUF version %d, %llu bytes\n",
                engine::presentable(object["file"].get<std::string>(), longestPath).c_str(),
                shownText(object["name"]).c_str(), shownText(object["quantisation"]).c_str(),
                shownText(object["chat_format"]).c_str(), object["version"].get<int>(),
                object["bytes"].get<unsigned long long>());
    for (const char* key : {"problem", "template_trouble"})
        if (const auto sentence = object[key].get<std::string>(); !sentence.empty())
            std::printf("  %s\n", sentence.c_str());
    std::printf("\nMetadata, %zu keys\n", object["metadata"].size());
    for (const auto& [key, value] : object["metadata"].get_ref<const Json::object_t&>())
        std::printf("  %-42s %s\n", engine::presentable(key).c_str(), shown(value).c_str());
    std::printf("\nTensors, %zu\n", object["tensors"].size());
    for (const Json& tensor : object["tensors"]) {
        std::string shape;
        for (const Json& length : tensor["shape"])
            shape += (shape.empty() ? "" : " x ") + std::to_string(length.get<std::int64_t>());
        std::printf("  %-42s %-5s %-16s %12llu bytes\n", shownText(tensor["name"]).c_str(),
                    tensor["type"].get<std::string>().c_str(), shape.c_str(),
                    tensor["bytes"].get<unsigned long long>());
    }
}

struct Arguments {
    std::string model;
    bool json = false;
};

void run(const Arguments& arguments) {
    const Json object = describe(*engine::GgufFile::open(arguments.model));
    if (arguments.json)
        printJson(object);
    else
        printTable(object);
}

} // namespace

void addInspect(CLI::App& app) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        app.add_subcommand("inspect", "Shows the metadata and the tensor table of a model file");
    addModelPath(*command, arguments->model);
    command->add_flag("--json", arguments->json, "One JSON object");
    command->callback([arguments] { run(*arguments); });
}

} // namespace cli
