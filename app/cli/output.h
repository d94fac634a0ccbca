#pragma once
#include "engine/presentable.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>

// What all subcommands print with.
namespace cli {

/// JSON, whatever its texts hold: bad UTF-8 becomes U+FFFD, and what a terminal would obey is escaped, so that nothing is lost by it.
std::string jsonText(const nlohmann::json& object, int indent = 2);
std::string jsonText(const nlohmann::ordered_json& object, int indent = 2);

/// The one object of --json.
template <class Json>
void printJson(const Json& object, int indent = 2) {
    std::printf("%s\n", jsonText(object, indent).c_str());
}
inline void printJson(const nlohmann::json& object) {
    printJson(object, 2);
}

/// A sentence on the standard error output.
void complain(const std::string& sentence);

/// The last act of the program: whether all that was printed has gone out. Returns the exit status.
int finishOutput(int status);

} // namespace cli
