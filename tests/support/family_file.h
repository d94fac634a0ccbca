#pragma once
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace test {

/// A tiny model of one family and what an independent implementation makes of it: tests/engine/families/NAME.txt, made by
/// tests/scripts/export_family_oracle.py. The values of its tensors follow from their names and a seed.
struct FamilyFile {
    struct Row {
        int position;              // in `tokens`
        std::vector<float> logits; // (entries)
    };
    std::string architecture;
    std::vector<std::int32_t> tokens;
    std::vector<int> entries; // of the vocabulary
    std::vector<Row> rows;
    double rms = 0;             // of all logits of all tokens
    std::filesystem::path gguf; // the model, in the temporary folder of the program
};

inline constexpr int FamilyVocabulary = 320;

/// Reads a description and writes the model. Throws std::runtime_error naming the line that makes no sense.
FamilyFile makeFamily(const std::filesystem::path& description);
/// The same from any text; `name` is for the model's file and for errors.
FamilyFile makeFamily(std::istream& description, const std::string& name);

/// `count` values of the tensor `name`: mean ± width, uniform; the same bits on every machine (family_oracle/numbers.py).
std::vector<float> familyValues(const std::string& name, std::uint64_t seed, std::size_t count, float mean,
                                float width);

} // namespace test
