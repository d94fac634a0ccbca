#include "tests/support/family_file.h"

#include "tests/support/gguf_writer.h"
#include "tests/support/toy_vocabulary.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace test {

namespace {

std::uint64_t fnv1a(const std::string& text) {
    std::uint64_t state = 0xCBF29CE484222325;
    for (const char c : text)
        state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return state;
}

std::uint64_t splitmix64(std::uint64_t state) {
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
    return state ^ (state >> 31);
}

template <class T>
T one(std::istream& words) {
    T value;
    if (!(words >> value))
        throw std::runtime_error("a value is missing");
    return value;
}

/// All that is left of the line.
template <class T>
std::vector<T> list(std::istream& words) {
    std::vector<T> values{std::istream_iterator<T>(words), {}};
    if (!words.eof())
        throw std::runtime_error("not a number");
    return values;
}

std::vector<std::byte> bytesOf(const std::vector<float>& values) {
    const auto* first = reinterpret_cast<const std::byte*>(values.data());
    return {first, first + values.size() * sizeof(float)};
}

/// blk.{0,2}.ffn_up.weight stands for the same tensor in these layers.
std::vector<std::string> expand(const std::string& name) {
    const auto open = name.find('{'), close = name.find('}');
    if (open == std::string::npos)
        return {name};
    std::vector<std::string> names;
    std::istringstream layers(name.substr(open + 1, close - open - 1));
    for (std::string layer; std::getline(layers, layer, ',');)
        names.push_back(name.substr(0, open) + layer + name.substr(close + 1));
    return names;
}

/// 64x320: the length of a row first, as in the file.
std::vector<std::uint64_t> shapeOf(const std::string& text) {
    std::vector<std::uint64_t> shape;
    std::istringstream lengths(text);
    for (std::string length; std::getline(lengths, length, 'x');)
        shape.push_back(std::stoull(length));
    return shape;
}

class Reader {
public:
    FamilyFile read(std::istream& description, const std::string& name) {
        int number = 0;
        for (std::string line; std::getline(description, line);) {
            ++number;
            try {
                std::istringstream words(line);
                take(words);
            } catch (const std::exception& error) {
                throw std::runtime_error(name + ", line " + std::to_string(number) + ": " + error.what());
            }
        }
        if (m_family.rows.empty())
            throw std::runtime_error(name + " cannot be read or holds no logits");
        addToyVocabulary(m_writer, {.vocabulary = FamilyVocabulary});
        m_family.gguf = m_writer.write("family-" + name + ".gguf");
        return std::move(m_family);
    }

private:
    void take(std::istream& words) {
        const auto what = one<std::string>(words);
        if (what.starts_with('#'))
            return;
        if (what == "seed")
            m_seed = one<std::uint64_t>(words);
        else if (what == "key")
            takeKey(words);
        else if (what == "tensor")
            takeTensor(words);
        else if (what == "constant")
            takeConstant(words);
        else if (what == "tokens")
            m_family.tokens = list<std::int32_t>(words);
        else if (what == "rms")
            m_family.rms = one<double>(words);
        else if (what == "entries")
            m_family.entries = list<int>(words);
        else if (what == "logits")
            takeLogits(words);
        else
            throw std::runtime_error("unknown word " + what);
    }

    void takeKey(std::istream& words) {
        const auto name = one<std::string>(words), type = one<std::string>(words);
        if (type == "uint")
            m_writer.addUint(name, one<std::uint32_t>(words));
        else if (type == "float")
            m_writer.addFloat(name, one<float>(words));
        else if (type == "bool")
            m_writer.addBool(name, one<bool>(words));
        else if (type == "ints")
            m_writer.addInts(name, list<std::int32_t>(words));
        else if (type == "bools")
            m_writer.addBools(name, list<int>(words));
        else if (type == "string")
            takeString(name, one<std::string>(words));
        else
            throw std::runtime_error("unknown type " + type);
    }

    void takeString(const std::string& name, const std::string& value) {
        m_writer.addString(name, value);
        if (name == "general.architecture")
            m_family.architecture = value;
    }

    void takeTensor(std::istream& words) {
        const auto pattern = one<std::string>(words);
        const std::vector<std::uint64_t> shape = shapeOf(one<std::string>(words));
        const auto mean = one<float>(words), width = one<float>(words);
        std::size_t count = 1;
        for (const std::uint64_t length : shape)
            count *= length;
        for (const std::string& name : expand(pattern))
            m_writer.addTensor(name, kernels::DType::F32, shape,
                               bytesOf(familyValues(name, m_seed, count, mean, width)));
    }

    void takeConstant(std::istream& words) {
        const auto name = one<std::string>(words);
        const auto values = list<float>(words);
        m_writer.addTensor(name, kernels::DType::F32, {values.size()}, bytesOf(values));
    }

    void takeLogits(std::istream& words) {
        const auto position = one<int>(words);
        m_family.rows.push_back({position, list<float>(words)});
        if (m_family.rows.back().logits.size() != m_family.entries.size())
            throw std::runtime_error("not one logit for each entry");
    }

    FamilyFile m_family;
    GgufWriter m_writer;
    std::uint64_t m_seed = 0;
};

} // namespace

std::vector<float> familyValues(const std::string& name, std::uint64_t seed, std::size_t count, float mean,
                                float width) {
    const std::uint64_t first = fnv1a(name) + seed;
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto k = static_cast<double>(splitmix64(first + (i + 1) * 0x9E3779B97F4A7C15) >> 40);
        // The product is exact in double precision, so that it is the same fused or not; the sum is rounded once, and once to float.
        values[i] = static_cast<float>(static_cast<double>(mean) +
                                       static_cast<double>(width) * (k - 0x1p23) * 0x1p-23);
    }
    return values;
}

FamilyFile makeFamily(const std::filesystem::path& description) {
    std::ifstream file(description);
    return makeFamily(file, description.stem().string());
}

FamilyFile makeFamily(std::istream& description, const std::string& name) {
    return Reader().read(description, name);
}

} // namespace test
