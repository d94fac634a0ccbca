#include "tests/support/gguf_writer.h"

#include <fstream>
#include <stdexcept>
#include <stdlib.h>

namespace test {

ByteSink& ByteSink::putString(std::string_view text) {
    put<std::uint64_t>(text.size());
    return putRaw(text.data(), text.size());
}

ByteSink& ByteSink::putRaw(const void* data, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(data);
    m_bytes.insert(m_bytes.end(), first, first + count);
    return *this;
}

ByteSink& ByteSink::pad(std::size_t alignment) {
    while (m_bytes.size() % alignment != 0)
        m_bytes.push_back(std::byte{0});
    return *this;
}

void GgufWriter::addRaw(std::string_view key, std::uint32_t valueType, const std::vector<std::byte>& value) {
    m_keys.putString(key).put(valueType).putRaw(value.data(), value.size());
    ++m_keyCount;
}

void GgufWriter::addUint(std::string_view key, std::uint32_t value) {
    addRaw(key, U32, ByteSink().put(value).bytes());
}

void GgufWriter::addFloat(std::string_view key, float value) {
    addRaw(key, F32, ByteSink().put(value).bytes());
}

void GgufWriter::addBool(std::string_view key, bool value) {
    addRaw(key, Bool, ByteSink().put(static_cast<std::uint8_t>(value)).bytes());
}

void GgufWriter::addString(std::string_view key, std::string_view value) {
    addRaw(key, String, ByteSink().putString(value).bytes());
}

void GgufWriter::addStrings(std::string_view key, const std::vector<std::string>& values) {
    ByteSink sink;
    sink.put<std::uint32_t>(String).put<std::uint64_t>(values.size());
    for (const std::string& value : values)
        sink.putString(value);
    addRaw(key, Array, sink.bytes());
}

void GgufWriter::addFloats(std::string_view key, const std::vector<float>& values) {
    ByteSink sink;
    sink.put<std::uint32_t>(F32).put<std::uint64_t>(values.size());
    sink.putRaw(values.data(), values.size() * sizeof(float));
    addRaw(key, Array, sink.bytes());
}

void GgufWriter::addInts(std::string_view key, const std::vector<std::int32_t>& values) {
    ByteSink sink;
    sink.put<std::uint32_t>(I32).put<std::uint64_t>(values.size());
    sink.putRaw(values.data(), values.size() * sizeof(std::int32_t));
    addRaw(key, Array, sink.bytes());
}

void GgufWriter::addBools(std::string_view key, const std::vector<int>& values) {
    ByteSink sink;
    sink.put<std::uint32_t>(Bool).put<std::uint64_t>(values.size());
    for (const int value : values)
        sink.put(static_cast<std::uint8_t>(value != 0));
    addRaw(key, Array, sink.bytes());
}

std::uint64_t GgufWriter::nextOffset() const {
    return (m_data.bytes().size() + alignment - 1) / alignment * alignment;
}

void GgufWriter::addTensor(std::string_view name, kernels::DType type,
                           const std::vector<std::uint64_t>& shape, std::vector<std::byte> data) {
    addRawTensor(name, ggufTypeNumber(type), shape, nextOffset(), data);
}

void GgufWriter::addRawTensor(std::string_view name, std::uint32_t typeNumber,
                              const std::vector<std::uint64_t>& shape, std::uint64_t offset,
                              const std::vector<std::byte>& data) {
    m_tensors.putString(name).put(static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t length : shape)
        m_tensors.put(length);
    m_tensors.put(typeNumber).put(offset);
    ++m_tensorCount;
    m_data.pad(alignment).putRaw(data.data(), data.size());
}

std::vector<std::byte> GgufWriter::bytes() const {
    ByteSink file;
    file.putRaw("GGUF", 4).put(version).put(m_tensorCount).put(m_keyCount);
    file.putRaw(m_keys.bytes().data(), m_keys.bytes().size());
    file.putRaw(m_tensors.bytes().data(), m_tensors.bytes().size());
    if (m_tensorCount > 0)
        file.pad(alignment).putRaw(m_data.bytes().data(), m_data.bytes().size());
    return file.bytes();
}

std::filesystem::path GgufWriter::write(const std::string& fileName) const {
    return writeBytes(fileName, bytes());
}

std::uint32_t ggufTypeNumber(kernels::DType type) {
    using kernels::DType;
    switch (type) {
    case DType::F32:
        return 0;
    case DType::F16:
        return 1;
    case DType::Q4_0:
        return 2;
    case DType::Q4_1:
        return 3;
    case DType::Q5_0:
        return 6;
    case DType::Q5_1:
        return 7;
    case DType::Q8_0:
        return 8;
    case DType::Q4_K:
        return 12;
    case DType::Q5_K:
        return 13;
    case DType::Q6_K:
        return 14;
    case DType::Q2_K:
        return 10;
    case DType::Q3_K:
        return 11;
    case DType::IQ4_NL:
        return 20;
    case DType::IQ4_XS:
        return 23;
    case DType::BF16:
        return 30;
    case DType::MXFP4:
        return 39;
    }
    throw std::logic_error("no such type");
}

const std::filesystem::path& temporaryFolder() {
    struct Folder {
        Folder() {
            std::string name = (std::filesystem::temp_directory_path() / "sumidero-test-XXXXXX").string();
            if (!::mkdtemp(name.data()))
                throw std::runtime_error("cannot make a temporary folder");
            path = name;
        }
        ~Folder() {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
        std::filesystem::path path;
    };
    static const Folder folder;
    return folder.path;
}

std::filesystem::path writeBytes(const std::string& fileName, const std::vector<std::byte>& bytes) {
    const std::filesystem::path path = temporaryFolder() / fileName;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush())
        throw std::runtime_error("cannot write " + path.string());
    return path;
}

} // namespace test
