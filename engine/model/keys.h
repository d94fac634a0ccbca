#pragma once
#include "engine/gguf_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace engine {

/// Hyperparameters of a file under its architecture's prefix, each within its bounds. Throws engine::Error.
class Keys {
public:
    Keys(const GgufFile& file, std::string prefix) : m_file(file), m_prefix(std::move(prefix)) {}

    const GgufFile& file() const { return m_file; }
    std::string key(const char* name) const { return m_prefix + "." + name; }

    int getInt(const char* name, std::uint64_t most) const {
        return checked(name, m_file.getUint(key(name)), most);
    }
    int findInt(const char* name, std::uint64_t most, int otherwise) const {
        const auto value = m_file.findUint(key(name));
        return value ? checked(name, *value, most) : otherwise;
    }
    /// As findInt, but 0 is a value, too.
    int findCount(const char* name, std::uint64_t most, int otherwise) const {
        const auto value = m_file.findUint(key(name));
        return value && *value == 0 ? 0 : findInt(name, most, otherwise);
    }
    double findReal(const char* name, double least, double most, double otherwise) const {
        const auto value = m_file.findFloat(key(name));
        if (!value)
            return otherwise;
        if (!(*value >= least && *value <= most)) // also false for NaN
            m_file.fail("its " + key(name) + " is absurd (" + std::to_string(*value) + ")");
        return *value;
    }
    float findFloat(const char* name, double least, double most, double otherwise) const {
        return static_cast<float>(findReal(name, least, most, otherwise));
    }
    /// One number for each layer, each within its bounds: a list, or a single number that holds for all.
    std::vector<int> perLayer(const char* name, int layers, std::uint64_t most, int otherwise) const {
        const auto count = static_cast<std::size_t>(layers);
        if (!m_file.isList(key(name)))
            return std::vector<int>(count, findInt(name, most, otherwise));
        const auto list = m_file.findInts(key(name));
        if (list->size() != count)
            m_file.fail("its " + key(name) + " has " + std::to_string(list->size()) + " numbers for " +
                        std::to_string(layers) + " layers");
        std::vector<int> result;
        for (const std::int64_t value : *list)
            result.push_back(checked(name, static_cast<std::uint64_t>(value), most));
        return result;
    }
    /// Which layers slide, by a list; nothing where there is none.
    std::optional<std::vector<bool>> findSliding(int layers) const {
        constexpr const char* NAME = "attention.sliding_window_pattern";
        if (!m_file.isList(key(NAME)))
            return {};
        auto list = m_file.findBools(key(NAME));
        if (list->size() != static_cast<std::size_t>(layers))
            m_file.fail("its " + key(NAME) + " has " + std::to_string(list->size()) + " items for " +
                        std::to_string(layers) + " layers");
        return list;
    }
    std::optional<std::string> findString(const char* name) const { return m_file.findString(key(name)); }
    std::optional<bool> findBool(const char* name) const { return m_file.findBool(key(name)); }

private:
    int checked(const char* name, std::uint64_t value, std::uint64_t most) const {
        if (value < 1 || value > most)
            m_file.fail("its " + key(name) + " is absurd (" + std::to_string(value) + ")");
        return static_cast<int>(value);
    }

    const GgufFile& m_file;
    std::string m_prefix;
};

} // namespace engine
