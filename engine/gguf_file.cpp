#include "engine/gguf_file.h"
#include "engine/error.h"
#include "engine/gguf/parts.h"

#include <cassert>
#include <limits>
#include <type_traits>

namespace engine {

struct GgufFile::Impl {
    Impl(const std::filesystem::path& path, const std::stop_token& stop)
        : parts(openParts(path, stop)), contents(parts.contents) {}

    GgufParts parts;
    const GgufContents& contents;

    [[noreturn]] void fail(const std::string& why, std::size_t part = 0) const {
        throw Error(parts.files[part]->path.filename().string() + " cannot be used: " + why + ".");
    }
    [[noreturn]] void failKey(std::string_view key, const char* wanted) const {
        fail("it is damaged: the metadata key " + std::string(key) + " should hold " + wanted);
    }

    const Value* find(std::string_view key) const {
        const auto found = contents.keyIndex.find(key);
        return found == contents.keyIndex.end() ? nullptr : &contents.metadata[found->second].second;
    }

    /// The items of an array; null when the key is missing, an error when it is something else.
    const Array* findArray(std::string_view key, const char* wanted) const {
        const Value* value = find(key);
        if (!value)
            return nullptr;
        const auto* array = std::get_if<std::shared_ptr<const Array>>(value);
        if (!array)
            failKey(key, wanted);
        return array->get();
    }
};

std::size_t GgufFile::Array::size() const {
    return std::visit([](const auto& list) { return list.size(); }, items);
}

kernels::HostMatrix GgufFile::TensorInfo::matrix(const std::byte* data) const {
    std::int64_t rows = 1;
    for (std::size_t i = 1; i < shape.size(); ++i)
        rows *= shape[i];
    return {type, rows, shape[0], data};
}

GgufFile::GgufFile() = default;
GgufFile::~GgufFile() = default;

std::shared_ptr<const GgufFile> GgufFile::open(const std::filesystem::path& path, std::stop_token stop) {
    std::shared_ptr<GgufFile> file(new GgufFile);
    file->m_impl = std::make_unique<Impl>(path, stop);
    return file;
}

const std::filesystem::path& GgufFile::path() const {
    return m_impl->parts.files[0]->path;
}

std::uint64_t GgufFile::fileBytes() const {
    std::uint64_t bytes = 0;
    for (const auto& part : m_impl->parts.files)
        bytes += part->input.size();
    return bytes;
}

int GgufFile::version() const {
    return m_impl->contents.version;
}

const std::vector<std::pair<std::string, GgufFile::Value>>& GgufFile::metadata() const {
    return m_impl->contents.metadata;
}

const std::vector<GgufFile::TensorInfo>& GgufFile::tensors() const {
    return m_impl->contents.tensors;
}

std::uint64_t GgufFile::getUint(std::string_view key) const {
    if (const auto value = findUint(key))
        return *value;
    m_impl->fail("its metadata lacks the key " + std::string(key));
}

std::optional<std::uint64_t> GgufFile::findUint(std::string_view key) const {
    const Value* value = m_impl->find(key);
    if (!value)
        return {};
    if (const auto* whole = std::get_if<std::uint64_t>(value))
        return *whole;
    const auto* whole = std::get_if<std::int64_t>(value);
    if (!whole || *whole < 0)
        m_impl->failKey(key, "a whole number that is not negative");
    return static_cast<std::uint64_t>(*whole);
}

std::optional<double> GgufFile::findFloat(std::string_view key) const {
    const Value* value = m_impl->find(key);
    if (!value)
        return {};
    if (const auto* real = std::get_if<double>(value))
        return *real;
    if (const auto* whole = std::get_if<std::uint64_t>(value))
        return static_cast<double>(*whole);
    if (const auto* whole = std::get_if<std::int64_t>(value))
        return static_cast<double>(*whole);
    m_impl->failKey(key, "a number");
}

std::optional<bool> GgufFile::findBool(std::string_view key) const {
    const Value* value = m_impl->find(key);
    if (!value)
        return {};
    if (const auto* flag = std::get_if<bool>(value))
        return *flag;
    m_impl->failKey(key, "true or false");
}

std::string GgufFile::getString(std::string_view key) const {
    if (auto value = findString(key))
        return *std::move(value);
    m_impl->fail("its metadata lacks the key " + std::string(key));
}

std::optional<std::string> GgufFile::findString(std::string_view key) const {
    const Value* value = m_impl->find(key);
    if (!value)
        return {};
    if (const auto* text = std::get_if<std::string>(value))
        return *text;
    m_impl->failKey(key, "text");
}

const std::vector<std::string>* GgufFile::findStrings(std::string_view key) const {
    const Array* array = m_impl->findArray(key, "a list of texts");
    if (!array)
        return nullptr;
    const auto* strings = std::get_if<std::vector<std::string>>(&array->items);
    if (!strings)
        m_impl->failKey(key, "a list of texts");
    return strings;
}

std::optional<std::vector<float>> GgufFile::findFloats(std::string_view key) const {
    const Array* array = m_impl->findArray(key, "a list of numbers");
    if (!array)
        return {};
    const auto* reals = std::get_if<std::vector<double>>(&array->items);
    if (!reals)
        m_impl->failKey(key, "a list of numbers with fractions");
    std::vector<float> result;
    result.reserve(reals->size());
    for (const double real : *reals)
        result.push_back(static_cast<float>(real));
    return result;
}

std::optional<std::vector<std::int64_t>> GgufFile::findInts(std::string_view key) const {
    const Array* array = m_impl->findArray(key, "a list of whole numbers");
    if (!array)
        return {};
    if (const auto* list = std::get_if<std::vector<std::int64_t>>(&array->items))
        return *list;
    const auto* list = std::get_if<std::vector<std::uint64_t>>(&array->items);
    if (!list)
        m_impl->failKey(key, "a list of whole numbers");
    std::vector<std::int64_t> result;
    result.reserve(list->size());
    for (const std::uint64_t whole : *list) {
        if (whole > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            m_impl->failKey(key, "whole numbers below 2^63");
        result.push_back(static_cast<std::int64_t>(whole));
    }
    return result;
}

std::optional<std::vector<bool>> GgufFile::findBools(std::string_view key) const {
    const Array* array = m_impl->findArray(key, "a list of true and false");
    if (!array)
        return {};
    const auto* list = std::get_if<std::vector<bool>>(&array->items);
    if (!list)
        m_impl->failKey(key, "a list of true and false");
    return *list;
}

bool GgufFile::isList(std::string_view key) const {
    const Value* value = m_impl->find(key);
    return value && std::holds_alternative<std::shared_ptr<const Array>>(*value);
}

const GgufFile::TensorInfo& GgufFile::getTensor(std::string_view name) const {
    if (const TensorInfo* tensor = findTensor(name))
        return *tensor;
    m_impl->fail("it lacks the tensor " + std::string(name));
}

const GgufFile::TensorInfo* GgufFile::findTensor(std::string_view name) const {
    const auto found = m_impl->contents.tensorIndex.find(name);
    return found == m_impl->contents.tensorIndex.end() ? nullptr : &m_impl->contents.tensors[found->second];
}

void GgufFile::read(const TensorInfo& tensor, std::vector<std::byte>& into) const {
    into.resize(static_cast<std::size_t>(tensor.bytes));
    read(tensor, std::span(into));
}

void GgufFile::read(const TensorInfo& tensor, std::span<std::byte> into, std::uint64_t first) const {
    assert(first <= tensor.bytes && into.size() <= tensor.bytes - first);
    const auto part = static_cast<std::size_t>(tensor.part);
    try {
        m_impl->parts.files[part]->input.read(tensor.offset + first, into);
    } catch (const Error& error) {
        m_impl->fail(error.what(), part);
    }
}

const std::stop_token& GgufFile::stopToken() const {
    return m_impl->parts.files[0]->input.stopToken();
}

void GgufFile::checkStop() const {
    m_impl->parts.files[0]->input.checkStop();
}

void GgufFile::fail(const std::string& why) const {
    m_impl->fail(why);
}

} // namespace engine
