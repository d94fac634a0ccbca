#include "app/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace cli {
namespace {

/// Inside JSON only texts can hold these characters, and there they may be escaped. The others below U+0020 already are.
std::string withoutTerminalCodes(const std::string& json) {
    std::string result;
    result.reserve(json.size());
    for (std::size_t at = 0; at < json.size();) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(json[at + i]); };
        unsigned code = 0;
        std::size_t length = 1;
        if (byte(0) == 0x7F) {
            code = 0x7F;
        } else if (byte(0) == 0xC2 && byte(1) < 0xA0) { // U+0080 to U+009F
            code = byte(1);
            length = 2;
        } else if (byte(0) == 0xE2 && (byte(1) == 0x80 || byte(1) == 0x81)) { // U+2000 to U+207F
            const unsigned found = 0x2000 + (byte(1) & 1) * 0x40 + (byte(2) & 0x3F);
            length = 3;
            code = (found >= 0x2028 && found <= 0x202E) || (found >= 0x2066 && found <= 0x2069) ? found : 0;
        }
        if (code == 0) {
            result.append(json, at, length);
        } else {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", code);
            result.append(escaped);
        }
        at += length;
    }
    return result;
}

template <class Json>
std::string dumped(const Json& object, int indent) {
    return withoutTerminalCodes(object.dump(indent, ' ', false, Json::error_handler_t::replace));
}

} // namespace

std::string jsonText(const nlohmann::json& object, int indent) {
    return dumped(object, indent);
}

std::string jsonText(const nlohmann::ordered_json& object, int indent) {
    return dumped(object, indent);
}

void complain(const std::string& sentence) {
    std::fprintf(stderr, "%s\n", engine::presentable(sentence, 2000).c_str());
}

int finishOutput(int status) {
    errno = 0;
    const bool failedBefore = std::ferror(stdout) != 0 || !std::cout.flush();
    const bool failedNow = std::fflush(stdout) != 0 || std::fclose(stdout) != 0;
    if (!failedBefore && !failedNow)
        return status;
    complain(std::string("The output could not be written") +
             (errno != 0 ? std::string(": ") + std::strerror(errno) : "") + ".");
    return 1;
}

} // namespace cli
