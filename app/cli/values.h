#pragma once
#include <CLI/CLI.hpp>

#include <cctype>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The kinds of values that options take. Each is checked whole, as it was typed, before it is converted: a value that is no number, out of
// bounds or one of no list is a sentence and exit status 2 in every subcommand.
namespace cli {

struct WholeRange {
    std::uint64_t least, most;
};
struct RealRange {
    double least, most;
};

// The bounds of what several subcommands take.
inline constexpr WholeRange Threads{0, 256};
inline constexpr WholeRange Layers{0, 1 << 16};
inline constexpr WholeRange SinkTokens{0, 1 << 20};
inline constexpr WholeRange RingTokens{0, 1 << 24};
inline constexpr WholeRange CacheSlots{16, 1 << 20};
inline constexpr WholeRange TextTokens{0,
                                       1'000'000'000}; // of a text or of answers; 0 mostly stands for "all"
inline constexpr WholeRange Seed{0, std::numeric_limits<std::uint64_t>::max()};
inline constexpr WholeRange RowNumber{1, std::numeric_limits<std::int64_t>::max()};

/// Why `text` is no such number, or "".
std::string whyNotWhole(std::string_view text, WholeRange range);
std::string whyNotReal(std::string_view text,
                       RealRange range); // with a point, whatever the user's language; never "nan"

CLI::Option* checkWhole(CLI::Option* option, WholeRange range);
CLI::Option* checkReal(CLI::Option* option, RealRange range);

/// `target` is an integer, or a list of them separated by commas.
template <class Target>
CLI::Option* addWhole(CLI::App& command, const std::string& name, Target& target, WholeRange range,
                      const std::string& what) {
    return checkWhole(command.add_option(name, target, what), range);
}

template <class Whole>
CLI::Option* addWhole(CLI::App& command, const std::string& name, std::vector<Whole>& target,
                      WholeRange range, const std::string& what) {
    return checkWhole(command.add_option(name, target, what)->delimiter(','), range);
}

inline CLI::Option* addReal(CLI::App& command, const std::string& name, float& target, RealRange range,
                            const std::string& what) {
    return checkReal(command.add_option(name, target, what), range);
}

template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

std::string whyNotChosen(const std::string& text, const std::vector<std::string>& names);
std::string lowerCase(std::string text);

/// One of a few words, in upper or lower case.
template <class Value>
CLI::Option* addChoice(CLI::App& command, const std::string& name, Value& target,
                       const Choices<Value>& choices, const std::string& what) {
    std::vector<std::string> names;
    for (const auto& [word, value] : choices)
        names.push_back(word);
    const auto take = [&target, choices](const std::string& text) {
        for (const auto& [word, value] : choices)
            if (word == lowerCase(text))
                target = value;
    };
    return command.add_option_function<std::string>(name, take, what)
        ->check(CLI::Validator([names](std::string& text) { return whyNotChosen(text, names); }, ""))
        ->option_text("WORD");
}

} // namespace cli
