#include "engine/template/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

// How values are written: as Python's str(), repr() and json.dumps() write them.
namespace engine::jinja {
namespace {

/// Python's repr(float): the shortest digits that give the same number.
std::string floatText(double value) {
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    char digits[64];
    const double size = std::abs(value);
    const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
    const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                   plain ? std::chars_format::fixed : std::chars_format::scientific);
    std::string text(digits, end.ptr);
    if (plain && text.find('.') == std::string::npos)
        text += ".0";
    return text;
}

std::string numberText(const Value& value) {
    return value.isFloat() ? floatText(value.number()) : std::to_string(value.integer().value_or(0));
}

constexpr const char* hexDigits = "0123456789abcdef";

std::string hex(unsigned value, int digits) {
    std::string text;
    for (int i = digits - 1; i >= 0; --i)
        text += hexDigits[value >> (4 * i) & 15];
    return text;
}

void appendRepr(const Text& text, Text& out) {
    const std::string& bytes = text.bytes();
    const bool hasSingle = bytes.find('\'') != std::string::npos;
    const char quote = hasSingle && bytes.find('"') == std::string::npos ? '"' : '\'';
    out.append(std::string(1, quote));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const auto c = static_cast<unsigned char>(bytes[at]);
        std::string written;
        if (c == '\n' || c == '\r' || c == '\t')
            written = c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
        else if (c == '\\' || c == quote)
            written = {'\\', bytes[at]};
        else if (c < 0x20 || c == 0x7f)
            written = "\\x" + hex(c, 2);
        if (written.empty())
            out.append(text, at, at + 1);
        else
            out.appendFor(written, text, at);
    }
    out.append(std::string(1, quote));
}

void appendJson(const Text& text, Text& out) {
    const std::string& bytes = text.bytes();
    out.append("\"");
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const auto c = static_cast<unsigned char>(bytes[at]);
        constexpr std::string_view escaped = "\b\f\n\r\t\"\\", letters = "bfnrt\"\\";
        if (const auto place = escaped.find(bytes[at]); place != std::string_view::npos)
            out.appendFor(std::string{'\\', letters[place]}, text, at);
        else if (c < 0x20)
            out.appendFor("\\u" + hex(c, 4), text, at);
        else
            out.append(text, at, at + 1);
    }
    out.append("\"");
}

void appendText(const Value& value, bool asRepr, Text& out);

void appendItems(const Value& value, Text& out) {
    if (const List* list = value.list()) {
        out.append(list->isTuple ? "(" : "[");
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            if (i > 0)
                out.append(", ");
            appendText(list->items[i], true, out);
        }
        out.append(list->isTuple ? (list->items.size() == 1 ? ",)" : ")") : "]");
        return;
    }
    out.append("{");
    bool first = true;
    for (const auto& [key, item] : value.dict()->items) {
        if (!first)
            out.append(", ");
        first = false;
        appendText(key, true, out);
        out.append(": ");
        appendText(item, true, out);
    }
    out.append("}");
}

void appendText(const Value& value, bool asRepr, Text& out) {
    if (value.isUndefined())
        out.append(asRepr ? "Undefined" : "");
    else if (value.isNone())
        out.append("None");
    else if (value.boolean())
        out.append(*value.boolean() ? "True" : "False");
    else if (value.isNumber())
        out.append(numberText(value));
    else if (value.text())
        asRepr ? appendRepr(*value.text(), out) : out.append(*value.text());
    else if (value.list() || value.dict())
        appendItems(value, out);
    else
        out.append(std::string("<") + value.kind() + ">");
}

struct JsonWriter {
    const JsonStyle& style;
    Text& out;

    void newLine(int level) {
        if (!style.indent)
            return;
        out.append("\n");
        for (int i = 0; i < level; ++i)
            out.append(*style.indent);
    }

    bool write(const Value& value, int level) {
        if (value.isNone())
            out.append("null");
        else if (value.boolean())
            out.append(*value.boolean() ? "true" : "false");
        else if (value.isNumber())
            out.append(numberText(value));
        else if (value.text())
            appendJson(*value.text(), out);
        else if (value.list())
            return writeList(*value.list(), level);
        else if (value.dict())
            return writeDict(*value.dict(), level);
        else
            return false;
        return true;
    }

    bool writeList(const List& list, int level) {
        out.append("[");
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (i > 0)
                out.append(style.itemSeparator);
            newLine(level + 1);
            if (!write(list.items[i], level + 1))
                return false;
        }
        if (!list.items.empty())
            newLine(level);
        out.append("]");
        return true;
    }

    bool writeDict(const Dict& dict, int level) {
        std::vector<const std::pair<Value, Value>*> items;
        for (const auto& item : dict.items)
            items.push_back(&item);
        if (style.sortKeys)
            std::sort(items.begin(), items.end(), [](const auto* a, const auto* b) {
                return toText(a->first).bytes() < toText(b->first).bytes();
            });
        out.append("{");
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0)
                out.append(style.itemSeparator);
            newLine(level + 1);
            const Value& key = items[i]->first;
            if (key.text()) {
                appendJson(*key.text(), out);
            } else {
                out.append("\"");
                if (!(key.isNone() || key.isNumber()) || !write(key, level))
                    return false;
                out.append("\"");
            }
            out.append(style.keySeparator);
            if (!write(items[i]->second, level + 1))
                return false;
        }
        if (!items.empty())
            newLine(level);
        out.append("}");
        return true;
    }
};

} // namespace

Text toText(const Value& value) {
    if (value.text())
        return *value.text();
    Text out;
    appendText(value, false, out);
    return out;
}

Text toRepr(const Value& value) {
    Text out;
    appendText(value, true, out);
    return out;
}

std::optional<Text> toJson(const Value& value, const JsonStyle& style) {
    Text out;
    if (!JsonWriter{style, out}.write(value, 0))
        return {};
    return out;
}

} // namespace engine::jinja
