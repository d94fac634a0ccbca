#include "engine/gguf/parser.h"
#include "engine/gguf/cursor.h"
#include "engine/gguf/tensor_types.h"
#include "engine/presentable.h"

#include <algorithm>
#include <bit>

namespace engine {

namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in the file");

constexpr std::uint64_t maxKeyBytes = 64 << 10;
constexpr std::uint64_t maxArrayStringBytes = 64 << 10; // token pieces
constexpr std::uint64_t maxStringBytes = 16 << 20;      // chat templates, licences
constexpr std::uint64_t maxArrayItems = 16 << 20;       // all arrays of the file together
constexpr std::uint64_t maxTensors = 65536;
constexpr std::uint64_t maxKeys = 65536;
constexpr std::uint64_t maxDimension = 1ull << 31;

// The smallest entry of each kind: what a count claims must fit into the bytes that are left.
constexpr std::uint64_t minKeyBytes = 8 + 4 + 1;
constexpr std::uint64_t minTensorBytes = 8 + 4 + 8 + 4 + 8;

enum ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, ArrayType, U64, I64, F64 };

std::string number(std::uint64_t value) {
    return std::to_string(value);
}

class Parser {
public:
    explicit Parser(const InputFile& file) : m_fileBytes(file.size()), m_cursor(file) {}
    GgufContents parse();

private:
    void readMagicAndVersion();
    void readKey();
    GgufFile::Value readValue(std::uint32_t type, const std::string& key);
    std::shared_ptr<const GgufFile::Array> readArray(const std::string& key);
    template <class Stored, class Item>
    std::vector<Item> readItems(std::size_t count);
    bool readBool(const std::string& key);
    void readTensor();
    std::uint64_t tensorBytes(const GgufFile::TensorInfo& tensor) const;
    std::uint64_t alignment() const;
    void placeTensors();
    void checkOverlaps() const;

    std::uint64_t m_fileBytes;
    GgufCursor m_cursor;
    GgufContents m_contents;
    std::uint64_t m_arrayItems = 0;
};

GgufContents Parser::parse() {
    readMagicAndVersion();
    const auto tensorCount = m_cursor.read<std::uint64_t>("the header");
    const auto keyCount = m_cursor.read<std::uint64_t>("the header");
    if (keyCount > maxKeys || keyCount > m_cursor.remaining() / minKeyBytes)
        throw Error("it is cut off or damaged: it claims " + number(keyCount) +
                    " metadata keys, more than fit into it");
    for (std::uint64_t i = 0; i < keyCount; ++i)
        readKey();
    if (tensorCount > maxTensors || tensorCount > m_cursor.remaining() / minTensorBytes)
        throw Error("it is cut off or damaged: it claims " + number(tensorCount) +
                    " tensors, more than fit into it");
    for (std::uint64_t i = 0; i < tensorCount; ++i)
        readTensor();
    placeTensors();
    checkOverlaps();
    return std::move(m_contents);
}

void Parser::readMagicAndVersion() {
    const auto magic = m_cursor.read<std::uint32_t>("the header");
    if (magic == 0x47475546) // "FUGG"
        throw Error("it was written for big-endian machines, which is not supported");
    if (magic != 0x46554747) // "GGUF"
        throw Error("it is not a GGUF file (it does not start with the letters GGUF)");
    const auto version = m_cursor.read<std::uint32_t>("the header");
    if (version != 0 && (version & 0xFFFF) == 0)
        throw Error("it was written for big-endian machines, which is not supported");
    if (version != 2 && version != 3)
        throw Error("it has GGUF version " + number(version) + "; versions 2 and 3 are supported");
    m_contents.version = static_cast<int>(version);
}

void Parser::readKey() {
    const std::string key(m_cursor.readString(maxKeyBytes, "a metadata key"));
    if (key.empty())
        throw Error("it is damaged: a metadata key has no name");
    if (!m_contents.keyIndex.emplace(key, m_contents.metadata.size()).second)
        throw Error("it is damaged: the metadata key " + presentable(key) + " occurs twice");
    const auto type = m_cursor.read<std::uint32_t>("a metadata value");
    GgufFile::Value value = readValue(type, key);
    m_contents.metadata.emplace_back(key, std::move(value));
}

GgufFile::Value Parser::readValue(std::uint32_t type, const std::string& key) {
    const char* what = "a metadata value";
    switch (type) {
    case U8:
        return std::uint64_t{m_cursor.read<std::uint8_t>(what)};
    case U16:
        return std::uint64_t{m_cursor.read<std::uint16_t>(what)};
    case U32:
        return std::uint64_t{m_cursor.read<std::uint32_t>(what)};
    case U64:
        return m_cursor.read<std::uint64_t>(what);
    case I8:
        return std::int64_t{m_cursor.read<std::int8_t>(what)};
    case I16:
        return std::int64_t{m_cursor.read<std::int16_t>(what)};
    case I32:
        return std::int64_t{m_cursor.read<std::int32_t>(what)};
    case I64:
        return m_cursor.read<std::int64_t>(what);
    case F32:
        return double{m_cursor.read<float>(what)};
    case F64:
        return m_cursor.read<double>(what);
    case Bool:
        return readBool(key);
    case String:
        return std::string(m_cursor.readString(maxStringBytes, what));
    case ArrayType:
        return readArray(key);
    default:
        throw Error("it is damaged: the metadata key " + presentable(key) + " has the unknown value type " +
                    number(type));
    }
}

bool Parser::readBool(const std::string& key) {
    const auto value = m_cursor.read<std::uint8_t>("a metadata value");
    if (value > 1)
        throw Error("it is damaged: the metadata key " + presentable(key) +
                    " should be true or false and holds " + number(value));
    return value == 1;
}

std::uint64_t minItemBytes(std::uint32_t type) {
    switch (type) {
    case U8:
    case I8:
    case Bool:
        return 1;
    case U16:
    case I16:
        return 2;
    case U32:
    case I32:
    case F32:
        return 4;
    case U64:
    case I64:
    case F64:
    case String:
        return 8;
    default:
        return 0; // arrays in arrays are not part of any model we know
    }
}

template <class Stored, class Item>
std::vector<Item> Parser::readItems(std::size_t count) {
    std::vector<Item> items(count);
    for (Item& item : items)
        item = static_cast<Item>(m_cursor.read<Stored>("a metadata array"));
    return items;
}

std::shared_ptr<const GgufFile::Array> Parser::readArray(const std::string& key) {
    const auto type = m_cursor.read<std::uint32_t>("a metadata array");
    const auto claimed = m_cursor.read<std::uint64_t>("a metadata array");
    const std::uint64_t itemBytes = minItemBytes(type);
    if (itemBytes == 0)
        throw Error("it is damaged: the list " + presentable(key) + " has items of the unknown value type " +
                    number(type));
    if (claimed > m_cursor.remaining() / itemBytes)
        throw Error("it is cut off or damaged: the list " + presentable(key) + " claims " + number(claimed) +
                    " items, more than fit into the file");
    if (claimed > maxArrayItems - m_arrayItems)
        throw Error("its metadata is absurdly large: more than " + number(maxArrayItems) + " list items");
    m_arrayItems += claimed;
    const auto count = static_cast<std::size_t>(claimed);
    auto array = std::make_shared<GgufFile::Array>();
    switch (type) {
    case U8:
        array->items = readItems<std::uint8_t, std::uint64_t>(count);
        break;
    case U16:
        array->items = readItems<std::uint16_t, std::uint64_t>(count);
        break;
    case U32:
        array->items = readItems<std::uint32_t, std::uint64_t>(count);
        break;
    case U64:
        array->items = readItems<std::uint64_t, std::uint64_t>(count);
        break;
    case I8:
        array->items = readItems<std::int8_t, std::int64_t>(count);
        break;
    case I16:
        array->items = readItems<std::int16_t, std::int64_t>(count);
        break;
    case I32:
        array->items = readItems<std::int32_t, std::int64_t>(count);
        break;
    case I64:
        array->items = readItems<std::int64_t, std::int64_t>(count);
        break;
    case F32:
        array->items = readItems<float, double>(count);
        break;
    case F64:
        array->items = readItems<double, double>(count);
        break;
    case Bool: {
        std::vector<bool> items(count);
        for (std::size_t i = 0; i < count; ++i)
            items[i] = readBool(key);
        array->items = std::move(items);
        break;
    }
    default: { // String
        std::vector<std::string> items(count);
        for (std::string& item : items)
            item = m_cursor.readString(maxArrayStringBytes, "a metadata list of texts");
        array->items = std::move(items);
    }
    }
    return array;
}

void Parser::readTensor() {
    GgufFile::TensorInfo tensor;
    tensor.name = m_cursor.readString(maxKeyBytes, "a tensor name");
    if (!m_contents.tensorIndex.emplace(tensor.name, m_contents.tensors.size()).second)
        throw Error("it is damaged: the tensor " + presentable(tensor.name) + " occurs twice");
    const auto dimensions = m_cursor.read<std::uint32_t>("a tensor description");
    if (dimensions < 1 || dimensions > 4)
        throw Error("it is damaged: the tensor " + presentable(tensor.name) + " has " + number(dimensions) +
                    " dimensions, not 1 to 4");
    for (std::uint32_t i = 0; i < dimensions; ++i) {
        const auto length = m_cursor.read<std::uint64_t>("a tensor description");
        if (length < 1 || length > maxDimension)
            throw Error("it is damaged: the tensor " + presentable(tensor.name) +
                        " has an absurd dimension (" + number(length) + ")");
        tensor.shape.push_back(static_cast<std::int64_t>(length));
    }
    const auto typeNumber = m_cursor.read<std::uint32_t>("a tensor description");
    const auto offset = m_cursor.read<std::uint64_t>("a tensor description");
    const auto type = dtypeOfGguf(typeNumber);
    if (!type)
        throw Error("its tensor " + presentable(tensor.name) + " is stored as " + nameOfGgufType(typeNumber) +
                    ", a kind that is not supported");
    tensor.type = *type;
    tensor.offset = offset; // placeTensors() adds where the data begin
    tensor.bytes = tensorBytes(tensor);
    m_contents.tensors.push_back(std::move(tensor));
}

std::uint64_t Parser::tensorBytes(const GgufFile::TensorInfo& tensor) const {
    const kernels::BlockLayout block = kernels::blockLayout(tensor.type);
    const auto blockElements = static_cast<std::uint64_t>(block.elements);
    const auto rowLength = static_cast<std::uint64_t>(tensor.shape[0]);
    if (rowLength % blockElements != 0)
        throw Error("it is damaged: the rows of tensor " + presentable(tensor.name) + " (" +
                    number(rowLength) + " values) are not whole blocks of " + kernels::name(tensor.type));
    std::uint64_t bytes = rowLength / blockElements;
    bool overflow = __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(block.bytes), &bytes);
    for (std::size_t i = 1; i < tensor.shape.size(); ++i)
        overflow |= __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(tensor.shape[i]), &bytes);
    if (overflow)
        throw Error("it is damaged: the tensor " + presentable(tensor.name) + " has absurd dimensions");
    return bytes;
}

std::uint64_t Parser::alignment() const {
    const auto found = m_contents.keyIndex.find("general.alignment");
    if (found == m_contents.keyIndex.end())
        return 32;
    const auto* value = std::get_if<std::uint64_t>(&m_contents.metadata[found->second].second);
    if (!value || !std::has_single_bit(*value) || *value < 8 || *value > 65536)
        throw Error("it is damaged: its alignment is not a power of two from 8 to 65536");
    return *value;
}

void Parser::placeTensors() {
    const std::uint64_t step = alignment();
    if (m_contents.tensors.empty())
        return;
    const std::uint64_t dataStart = (m_cursor.position() + step - 1) / step * step; // both are far below 2^63
    if (dataStart > m_fileBytes)
        throw Error("it is cut off: the weights are missing");
    const std::uint64_t dataBytes = m_fileBytes - dataStart;
    for (GgufFile::TensorInfo& tensor : m_contents.tensors) {
        if (tensor.offset % step != 0)
            throw Error("it is damaged: the tensor " + presentable(tensor.name) +
                        " starts at a crooked place");
        if (tensor.offset > dataBytes || tensor.bytes > dataBytes - tensor.offset)
            throw Error("it is cut off or damaged: the tensor " + presentable(tensor.name) +
                        " reaches past the end of the file");
        tensor.offset += dataStart;
    }
}

void Parser::checkOverlaps() const {
    std::vector<const GgufFile::TensorInfo*> order;
    for (const GgufFile::TensorInfo& tensor : m_contents.tensors)
        order.push_back(&tensor);
    std::ranges::sort(order, {}, &GgufFile::TensorInfo::offset);
    for (std::size_t i = 1; i < order.size(); ++i)
        if (order[i - 1]->offset + order[i - 1]->bytes > order[i]->offset)
            throw Error("it is damaged: the tensors " + presentable(order[i - 1]->name) + " and " +
                        presentable(order[i]->name) + " overlap");
}

} // namespace

GgufContents parseGguf(const InputFile& file) {
    return Parser(file).parse();
}

} // namespace engine
