#include "engine/template/interpreter.h"

// Dates, always in English: what the C library's strftime() writes depends on the user's language.
namespace engine::jinja {
namespace {

constexpr std::string_view days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
constexpr std::string_view months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};

std::string padded(int number, std::size_t width, char pad) {
    std::string text = std::to_string(number);
    if (pad != '-' && text.size() < width)
        text.insert(0, width - text.size(), pad);
    return text;
}

std::string part(const std::tm& time, char letter, char pad) {
    const auto day = static_cast<std::size_t>(time.tm_wday) % 7,
               month = static_cast<std::size_t>(time.tm_mon) % 12;
    const int hour12 = time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12;
    const auto zero = [pad](int number, std::size_t width) {
        return padded(number, width, pad == '\0' ? '0' : pad);
    };
    switch (letter) {
    case 'a':
        return std::string(days[day].substr(0, 3));
    case 'A':
        return std::string(days[day]);
    case 'b':
    case 'h':
        return std::string(months[month].substr(0, 3));
    case 'B':
        return std::string(months[month]);
    case 'd':
        return zero(time.tm_mday, 2);
    case 'e':
        return padded(time.tm_mday, 2, pad == '\0' ? ' ' : pad);
    case 'm':
        return zero(time.tm_mon + 1, 2);
    case 'y':
        return zero(time.tm_year % 100, 2);
    case 'Y':
        return std::to_string(time.tm_year + 1900);
    case 'H':
        return zero(time.tm_hour, 2);
    case 'I':
        return zero(hour12, 2);
    case 'M':
        return zero(time.tm_min, 2);
    case 'S':
        return zero(time.tm_sec, 2);
    case 'p':
        return time.tm_hour < 12 ? "AM" : "PM";
    case 'j':
        return zero(time.tm_yday + 1, 3);
    case 'w':
        return std::to_string(time.tm_wday);
    case 'F':
        return formatTime(time, "%Y-%m-%d");
    case 'T':
    case 'X':
        return formatTime(time, "%H:%M:%S");
    case 'D':
    case 'x':
        return formatTime(time, "%m/%d/%y");
    case 'R':
        return formatTime(time, "%H:%M");
    case 'c':
        return formatTime(time, "%a %b %e %H:%M:%S %Y");
    case '%':
        return "%";
    case 'n':
        return "\n";
    case 't':
        return "\t";
    default:
        return pad == '\0' ? std::string{'%', letter} : std::string{'%', pad, letter};
    }
}

} // namespace

std::string formatTime(const std::tm& time, std::string_view format) {
    std::string text;
    for (std::size_t at = 0; at < format.size(); ++at) {
        if (format[at] != '%' || at + 1 == format.size()) {
            text += format[at];
            continue;
        }
        const bool hasPad = (format[at + 1] == '-' || format[at + 1] == '_') && at + 2 < format.size();
        const char pad = !hasPad ? '\0' : format[at + 1] == '_' ? ' ' : '-';
        at += hasPad ? 2 : 1;
        text += part(time, format[at], pad);
    }
    return text;
}

} // namespace engine::jinja
