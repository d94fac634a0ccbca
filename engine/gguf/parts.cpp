#include "engine/gguf/parts.h"

#include "engine/error.h"
#include "engine/presentable.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace engine {
namespace {

constexpr std::uint64_t mostParts = 1000; // the largest models have some tens

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
    throw Error(path.filename().string() + " cannot be used: " + why + ".");
}

std::string fiveDigits(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}

/// "-00002-of-00003.gguf" for the second of three.
std::string endingOf(std::uint64_t number, std::uint64_t count) {
    return "-" + fiveDigits(number) + "-of-" + fiveDigits(count) + ".gguf";
}

std::unique_ptr<GgufParts::File> openFile(const std::filesystem::path& path, GgufContents& contents,
                                          const std::stop_token& stop) {
    auto file = std::make_unique<GgufParts::File>(path, stop);
    try {
        contents = parseGguf(file->input);
    } catch (const Error& error) {
        fail(path, error.what());
    }
    return file;
}

std::optional<std::uint64_t> findCount(const GgufContents& contents, std::string_view key) {
    const auto found = contents.keyIndex.find(key);
    if (found == contents.keyIndex.end())
        return {};
    const GgufFile::Value& value = contents.metadata[found->second].second;
    if (const auto* whole = std::get_if<std::uint64_t>(&value))
        return *whole;
    const auto* whole = std::get_if<std::int64_t>(&value);
    return whole && *whole >= 0 ? std::optional(static_cast<std::uint64_t>(*whole)) : std::nullopt;
}

/// All parts of a model in the order of their numbers, one after the other.
class Joiner {
public:
    Joiner(const std::filesystem::path& path, std::uint64_t number, std::uint64_t count,
           const std::stop_token& stop)
        : m_folder(path.parent_path()), m_count(count), m_stop(stop) {
        if (count > mostParts)
            fail(path, "it says it is one of " + std::to_string(count) + " parts, which is absurd");
        m_stem = path.filename().string();
        const std::string ending = endingOf(number + 1, count);
        if (number >= count || !m_stem.ends_with(ending))
            fail(path, "it is part " + std::to_string(number + 1) + " of " + std::to_string(count) +
                           " of a model, but its name does not end in " + ending +
                           ", so the other parts cannot be found");
        m_stem.resize(m_stem.size() - ending.size());
    }

    GgufParts join() {
        for (std::uint64_t number = 0; number < m_count; ++number)
            add(number);
        const auto tensors = findCount(m_all.contents, "split.tensors.count");
        if (tensors && *tensors != m_all.contents.tensors.size())
            fail(m_all.files[0]->path, "its parts hold " + std::to_string(m_all.contents.tensors.size()) +
                                           " tensors together and should hold " + std::to_string(*tensors));
        return std::move(m_all);
    }

private:
    void add(std::uint64_t number) {
        const std::filesystem::path path = m_folder / (m_stem + endingOf(number + 1, m_count));
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored))
            throw Error("The model " + m_stem + " cannot be used: its part " + path.filename().string() +
                        " is missing.");
        GgufContents contents;
        m_all.files.push_back(openFile(path, contents, m_stop));
        if (findCount(contents, "split.no") != number || findCount(contents, "split.count") != m_count)
            fail(path, "it is not part " + std::to_string(number + 1) + " of " + std::to_string(m_count) +
                           ", as its name says");
        for (GgufFile::TensorInfo& tensor : contents.tensors)
            tensor.part = static_cast<int>(number);
        if (number == 0)
            m_all.contents = std::move(contents);
        else
            addTensors(path, std::move(contents.tensors));
    }

    void addTensors(const std::filesystem::path& path, std::vector<GgufFile::TensorInfo> tensors) {
        for (GgufFile::TensorInfo& tensor : tensors) {
            if (!m_all.contents.tensorIndex.emplace(tensor.name, m_all.contents.tensors.size()).second)
                fail(path,
                     "it holds the tensor " + presentable(tensor.name) + ", which another part holds, too");
            m_all.contents.tensors.push_back(std::move(tensor));
        }
    }

    std::filesystem::path m_folder;
    std::string m_stem;
    std::uint64_t m_count;
    const std::stop_token& m_stop;
    GgufParts m_all;
};

} // namespace

GgufParts openParts(const std::filesystem::path& path, const std::stop_token& stop) {
    GgufParts single;
    single.files.push_back(openFile(path, single.contents, stop));
    const std::uint64_t count = findCount(single.contents, "split.count").value_or(1);
    if (count <= 1)
        return single;
    return Joiner(path, findCount(single.contents, "split.no").value_or(0), count, stop).join();
}

} // namespace engine
