#include "app/cli/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cli {
namespace {

std::string number(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

CLI::Option* check(CLI::Option* option, const char* kind, std::function<std::string(std::string&)> whyNot) {
    return option->check(CLI::Validator(std::move(whyNot), ""))->option_text(kind);
}

} // namespace

std::string whyNotWhole(std::string_view text, WholeRange range) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stopped == end && value >= range.least && value <= range.most)
        return "";
    return std::string(text) + " is not a whole number from " + std::to_string(range.least) + " to " +
           std::to_string(range.most) + ".";
}

std::string whyNotReal(std::string_view text, RealRange range) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stopped == end && std::isfinite(value) && value >= range.least &&
        value <= range.most)
        return "";
    return std::string(text) + " is not a number from " + number(range.least) + " to " + number(range.most) +
           ".";
}

std::string whyNotChosen(const std::string& text, const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), lowerCase(text)) != names.end())
        return "";
    std::string list;
    for (const std::string& name : names)
        list += (list.empty() ? "" : ", ") + name;
    return text + " is none of: " + list + ".";
}

std::string lowerCase(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

CLI::Option* checkWhole(CLI::Option* option, WholeRange range) {
    return check(option, "N", [range](std::string& text) { return whyNotWhole(text, range); });
}

CLI::Option* checkReal(CLI::Option* option, RealRange range) {
    return check(option, "X", [range](std::string& text) { return whyNotReal(text, range); });
}

} // namespace cli
