#pragma once
#include "kernels/types.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace engine {

/// A GGUF v2/v3 file: open, its header read and checked in full. Immutable; any thread. Throws engine::Error with one clear sentence for
/// every kind of damage; never allocates by a count the file claims without having checked it against the bytes that are there.
/// A model in several files (NAME-00001-of-00003.gguf) is opened by any of them and is one file then: metadata of the first, tensors of all.
class GgufFile {
public:
    struct Array; // homogeneous
    using Value =
        std::variant<std::uint64_t, std::int64_t, double, bool, std::string, std::shared_ptr<const Array>>;
    struct Array {
        std::variant<std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>,
                     std::vector<bool>, std::vector<std::string>>
            items;
        std::size_t size() const;
    };
    struct TensorInfo {
        std::string name;
        kernels::DType type;
        std::vector<std::int64_t> shape; // GGUF order: shape[0] is the row length (cols)
        std::uint64_t offset = 0;        // in the file
        std::uint64_t bytes = 0;
        int part = 0; // the file of a model in several

        /// 1-D tensors become one row. `data`: what read() gave; without it the matrix has a shape only.
        kernels::HostMatrix matrix(const std::byte* data = nullptr) const;
    };

    /// A stop ends what reads the file and what calls checkStop(), as long as it lives: they throw Stopped.
    static std::shared_ptr<const GgufFile> open(const std::filesystem::path& path, std::stop_token stop = {});
    ~GgufFile();
    GgufFile(const GgufFile&) = delete;

    const std::filesystem::path& path() const; // of the first part
    std::uint64_t fileBytes() const;           // of all parts
    int version() const;
    const std::vector<std::pair<std::string, Value>>& metadata() const; // file order
    const std::vector<TensorInfo>& tensors() const;                     // file order

    // Typed look-ups. get...() throws when the key is missing or has another type; find...() answers null for a missing key.
    std::uint64_t getUint(std::string_view key) const;
    std::optional<std::uint64_t> findUint(std::string_view key) const;
    std::optional<double> findFloat(std::string_view key) const;
    std::optional<bool> findBool(std::string_view key) const;
    std::string getString(std::string_view key) const;
    std::optional<std::string> findString(std::string_view key) const;
    const std::vector<std::string>* findStrings(std::string_view key) const;
    std::optional<std::vector<float>> findFloats(std::string_view key) const;
    std::optional<std::vector<std::int64_t>> findInts(std::string_view key) const;
    std::optional<std::vector<bool>> findBools(std::string_view key) const;
    bool isList(std::string_view key) const; // false where it is missing, too

    const TensorInfo& getTensor(std::string_view name) const; // throws when missing
    const TensorInfo* findTensor(std::string_view name) const;
    /// All bytes of a tensor, or those from `first` on (inside it) that fill `into`. Throws when the file has become shorter since it was
    /// opened. Never a crash.
    void read(const TensorInfo& tensor, std::vector<std::byte>& into) const;
    void read(const TensorInfo& tensor, std::span<std::byte> into, std::uint64_t first = 0) const;
    /// For whoever works long on what it holds.
    void checkStop() const;
    const std::stop_token& stopToken() const;
    /// Throws engine::Error: "FILE cannot be used: WHY." For the checks of those who read the contents.
    [[noreturn]] void fail(const std::string& why) const;

private:
    GgufFile();
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
