#pragma once
#include "kernels/types.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// Little-endian values one after the other: the raw material of GGUF files, whole and damaged ones.
class ByteSink {
public:
    template <class T>
    ByteSink& put(T value) {
        const std::size_t at = m_bytes.size();
        m_bytes.resize(at + sizeof(T));
        std::memcpy(m_bytes.data() + at, &value, sizeof(T));
        return *this;
    }
    ByteSink& putString(std::string_view text); // length and bytes
    ByteSink& putRaw(const void* data, std::size_t count);
    ByteSink& pad(std::size_t alignment);

    const std::vector<std::byte>& bytes() const { return m_bytes; }

private:
    std::vector<std::byte> m_bytes;
};

/// Writes GGUF files (version 2 or 3). It does not check what it is told, so that damaged files can be made
/// with it.
class GgufWriter {
public:
    enum ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

    std::uint32_t version = 3;
    std::uint32_t alignment = 32; // of the tensor data; not written as a key

    void addUint(std::string_view key, std::uint32_t value);
    void addFloat(std::string_view key, float value);
    void addBool(std::string_view key, bool value);
    void addString(std::string_view key, std::string_view value);
    void addStrings(std::string_view key, const std::vector<std::string>& values);
    void addFloats(std::string_view key, const std::vector<float>& values);
    void addInts(std::string_view key, const std::vector<std::int32_t>& values);
    void addBools(std::string_view key, const std::vector<int>& values);
    /// Any value: `value` is what stands behind the type number.
    void addRaw(std::string_view key, std::uint32_t valueType, const std::vector<std::byte>& value);

    /// Placed behind the tensor before it.
    void addTensor(std::string_view name, kernels::DType type, const std::vector<std::uint64_t>& shape,
                   std::vector<std::byte> data);
    /// Any description; `data` is put at the place that is next, whatever `offset` says.
    void addRawTensor(std::string_view name, std::uint32_t typeNumber,
                      const std::vector<std::uint64_t>& shape, std::uint64_t offset,
                      const std::vector<std::byte>& data);

    std::vector<std::byte> bytes() const;
    /// Into a file of this name in the temporary folder of the program.
    std::filesystem::path write(const std::string& fileName) const;

private:
    std::uint64_t nextOffset() const;

    ByteSink m_keys, m_tensors;
    ByteSink m_data;
    std::uint64_t m_keyCount = 0, m_tensorCount = 0;
};

/// GGUF's number of a type.
std::uint32_t ggufTypeNumber(kernels::DType type);

/// A folder of this program, removed with everything in it when the program ends.
const std::filesystem::path& temporaryFolder();
/// Writes bytes into a file of the temporary folder.
std::filesystem::path writeBytes(const std::string& fileName, const std::vector<std::byte>& bytes);

} // namespace test
