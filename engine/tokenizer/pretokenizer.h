#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// How a family of byte-level BPE vocabularies cuts text into words: regexes applied one after the other,
/// each to the pieces that the one before left. A match is a piece; so is what lies between two matches.
struct SplitRule {
    const char* names; // values of tokenizer.ggml.pre, separated by blanks
    std::vector<const char*> patterns;
    bool ignoreMerges = false; // a whole word of the vocabulary needs no merges
    bool addsBegin = false;    // when the file does not say
};

/// The rule of that name; "" is that of files from before the key existed. Null for unknown names.
const SplitRule* findSplitRule(std::string_view name);

/// Runs the regexes of a rule (PCRE2). Immutable; any thread.
class Pretokenizer {
public:
    explicit Pretokenizer(const SplitRule& rule);
    ~Pretokenizer();

    /// The words of `text`, which must be valid UTF-8, as views into it; together they are the text.
    std::vector<std::string_view> split(std::string_view text) const;

private:
    class Regex;
    std::vector<std::unique_ptr<Regex>> m_stages;
};

} // namespace engine
