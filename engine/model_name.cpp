#include "engine/gguf/tensor_types.h"
#include "engine/gguf_file.h"
#include "engine/model_config.h"
#include "engine/presentable.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace engine {

namespace {

std::string lettersAndDigits(std::string_view text) {
    std::string result;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)))
            result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

/// "Q4_1", "q4_k_m", "IQ4_XS", "f16", "BF16": the last part of most file names.
bool isQuantisation(std::string_view part) {
    std::string lower;
    for (const char c : part)
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "f16" || lower == "f32" || lower == "bf16" || lower == "fp16" || lower == "mxfp4")
        return true;
    const std::string_view rest = std::string_view(lower).substr(lower.starts_with("iq") ? 1 : 0);
    return rest.size() >= 2 && rest[0] == 'q' && std::isdigit(static_cast<unsigned char>(rest[1])) &&
           std::all_of(rest.begin() + 1, rest.end(),
                       [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); });
}

/// Without "-00001-of-00003", if that is its end.
std::string_view withoutPartNumber(std::string_view stem) {
    constexpr std::string_view SHAPE = "-#####-of-#####";
    if (stem.size() <= SHAPE.size())
        return stem;
    const std::size_t cut = stem.size() - SHAPE.size();
    for (std::size_t i = 0; i < SHAPE.size(); ++i)
        if (SHAPE[i] == '#' ? !std::isdigit(static_cast<unsigned char>(stem[cut + i]))
                            : stem[cut + i] != SHAPE[i])
            return stem;
    return stem.substr(0, cut);
}

/// "SmolLM2-135M-Instruct.Q4_1.gguf" -> "SmolLM2 135M Instruct"
std::string nameFromFile(const std::filesystem::path& path) {
    std::string stem = path.filename().string();
    if (stem.ends_with(".gguf"))
        stem.resize(stem.size() - 5);
    stem.resize(withoutPartNumber(stem).size());
    const std::size_t cut = stem.find_last_of(".-");
    if (cut != std::string::npos && cut > 0 && isQuantisation(std::string_view(stem).substr(cut + 1)))
        stem.resize(cut);
    std::replace_if(
        stem.begin(), stem.end(), [](char c) { return c == '-' || c == '_'; }, ' ');
    return stem;
}

/// Names of blobs ("sha256-1f3a...") and "model" or "ggml model" tell a person nothing.
bool saysNothing(const std::string& name) {
    const std::string plain = lettersAndDigits(name);
    const bool hash = plain.size() >= 40 &&
                      std::count_if(plain.begin(), plain.end(),
                                    [](char c) { return std::isxdigit(static_cast<unsigned char>(c)); }) +
                              4 >=
                          static_cast<std::ptrdiff_t>(plain.size());
    return plain.empty() || hash || plain == "model" || plain == "ggmlmodel";
}

/// "qwen2.5 coder 1.5b" -> "Qwen2.5 Coder 1.5B": names that somebody wrote in small letters only, as file names are.
std::string inCapitals(std::string name) {
    const auto is = [](int (*kind)(int), char c) { return kind(static_cast<unsigned char>(c)) != 0; };
    if (std::any_of(name.begin(), name.end(), [&](char c) { return is(std::isupper, c); }))
        return name;
    bool startsWord = true;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool endsWord = i + 1 == name.size() || name[i + 1] == ' ';
        const bool isUnit = endsWord && i > 0 && is(std::isdigit, name[i - 1]); // of a size: "1.5b", "270m"
        if (startsWord || isUnit)
            name[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[i])));
        startsWord = name[i] == ' ';
    }
    return name;
}

/// As its author or its file calls it.
std::string givenName(const GgufFile& file) {
    const std::string fromFile = presentable(nameFromFile(file.path()));
    std::string fromMetadata = presentable(file.findString("general.name").value_or(""));
    if (constexpr std::string_view FORMAT = " GGUF"; fromMetadata.ends_with(FORMAT))
        fromMetadata.resize(fromMetadata.size() - FORMAT.size());
    if (fromMetadata.empty())
        return fromFile;
    // Training runs leave names of their own in the metadata; people know a model by the name of its file.
    const bool agree = lettersAndDigits(fromFile) == lettersAndDigits(fromMetadata);
    return agree || saysNothing(fromFile) ? fromMetadata : fromFile;
}

} // namespace

std::string displayName(const GgufFile& file) {
    return inCapitals(givenName(file));
}

std::string quantisationLabel(const GgufFile& file) {
    std::array<std::uint64_t, static_cast<std::size_t>(kernels::DType::MXFP4) + 1>
        bytesOfType{}; // the last type
    bool hasLayers = false;
    for (const bool layersOnly : {true, false}) {
        for (const GgufFile::TensorInfo& tensor : file.tensors()) {
            const bool inLayer = tensor.name.starts_with("blk.") && tensor.matrix().rows > 1;
            if (layersOnly && !inLayer)
                continue;
            bytesOfType[static_cast<std::size_t>(tensor.type)] += tensor.bytes;
            hasLayers = true;
        }
        if (hasLayers)
            break;
    }
    if (!hasLayers)
        return "";
    const auto most = std::max_element(bytesOfType.begin(), bytesOfType.end());
    const std::string label = kernels::name(static_cast<kernels::DType>(most - bytesOfType.begin()));
    // A mixture is called by its recipe ("Q4_K_M") when the recipe is about the type that is really there.
    const auto fileType = file.findUint("general.file_type");
    const auto recipe = fileType ? nameOfGgufFileType(*fileType) : std::nullopt;
    return recipe && recipe->starts_with(label) ? *recipe : label;
}

} // namespace engine
