#include "engine/error.h"
#include "engine/gguf/input_file.h"
#include "engine/gguf/parser.h"
#include "engine/gguf_file.h"
#include "engine/model.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/real_model.h"
#include "tests/support/toy_model.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using engine::GgufFile;
using test::ByteSink;
using test::GgufWriter;
using testing::EndsWith;
using testing::HasSubstr;

namespace {

/// Two tensors and one value of each kind: small enough to cut at every byte.
GgufWriter tinyFile() {
    GgufWriter writer;
    writer.addString("general.architecture", "tiny");
    writer.addUint("tiny.count", 7);
    writer.addRaw("tiny.negative", GgufWriter::I64, ByteSink().put<std::int64_t>(-3).bytes());
    writer.addFloat("tiny.real", 0.5f);
    writer.addBool("tiny.flag", true);
    writer.addStrings("tiny.names", {"a", "bc", ""});
    writer.addFloats("tiny.reals", {1.0f, -2.5f});
    writer.addInts("tiny.ints", {1, -1});
    const std::vector<float> values(64, 1.5f);
    writer.addTensor("first", kernels::DType::F32, {8, 2}, ByteSink().putRaw(values.data(), 64).bytes());
    writer.addTensor("second", kernels::DType::Q8_0, {32}, std::vector<std::byte>(34, std::byte{1}));
    return writer;
}

std::shared_ptr<const GgufFile> open(const std::vector<std::byte>& bytes) {
    return GgufFile::open(test::writeBytes("file.gguf", bytes));
}

/// The same in a file that exists in memory only: thousands of them cost nothing.
std::shared_ptr<const GgufFile> openInMemory(const std::vector<std::byte>& bytes) {
    const int descriptor = ::memfd_create("damaged", MFD_CLOEXEC);
    EXPECT_EQ(::write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    const std::shared_ptr<const int> closeAtEnd(&descriptor, [](const int* number) { ::close(*number); });
    return GgufFile::open("/proc/self/fd/" + std::to_string(descriptor));
}

std::vector<std::byte> bytesOf(const GgufFile& file, const std::string& tensor) {
    std::vector<std::byte> bytes;
    file.read(file.getTensor(tensor), bytes);
    return bytes;
}

/// What a person is told about these bytes; "" when they load.
std::string complaint(const std::vector<std::byte>& bytes) {
    try {
        open(bytes);
        return "";
    } catch (const engine::Error& error) {
        return error.what();
    }
}

std::string complaint(const GgufWriter& writer) {
    return complaint(writer.bytes());
}

void patch(std::vector<std::byte>& bytes, std::size_t at, std::uint32_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

} // namespace

TEST(GgufFile, ReadsEveryKindOfValue) {
    const auto file = open(tinyFile().bytes());
    EXPECT_EQ(file->version(), 3);
    EXPECT_EQ(file->metadata().size(), 8u);
    EXPECT_EQ(file->metadata()[1].first, "tiny.count");
    EXPECT_EQ(file->getString("general.architecture"), "tiny");
    EXPECT_EQ(file->getUint("tiny.count"), 7u);
    EXPECT_EQ(file->findFloat("tiny.real"), 0.5);
    EXPECT_EQ(file->findBool("tiny.flag"), true);
    EXPECT_EQ(*file->findStrings("tiny.names"), (std::vector<std::string>{"a", "bc", ""}));
    EXPECT_EQ(*file->findFloats("tiny.reals"), (std::vector<float>{1.0f, -2.5f}));
    EXPECT_EQ(*file->findInts("tiny.ints"), (std::vector<std::int64_t>{1, -1}));
    EXPECT_EQ(std::get<std::int64_t>(file->metadata()[2].second), -3);
}

TEST(GgufFile, ReadsEveryWidthOfNumber) {
    GgufWriter writer;
    writer.addRaw("u8", GgufWriter::U8, ByteSink().put<std::uint8_t>(200).bytes());
    writer.addRaw("u16", GgufWriter::U16, ByteSink().put<std::uint16_t>(60000).bytes());
    writer.addRaw("u64", GgufWriter::U64, ByteSink().put<std::uint64_t>(1ull << 60).bytes());
    writer.addRaw("i8", GgufWriter::I8, ByteSink().put<std::int8_t>(100).bytes());
    writer.addRaw("f64", GgufWriter::F64, ByteSink().put<double>(0.1).bytes());
    writer.addRaw("list", GgufWriter::Array,
                  ByteSink()
                      .put<std::uint32_t>(GgufWriter::U8)
                      .put<std::uint64_t>(2)
                      .put<std::uint8_t>(9)
                      .put<std::uint8_t>(8)
                      .bytes());
    const auto file = open(writer.bytes());
    EXPECT_EQ(file->getUint("u8"), 200u);
    EXPECT_EQ(file->getUint("u16"), 60000u);
    EXPECT_EQ(file->getUint("u64"), 1ull << 60);
    EXPECT_EQ(file->getUint("i8"), 100u);
    EXPECT_EQ(file->findFloat("f64"), 0.1);
    EXPECT_EQ(*file->findInts("list"), (std::vector<std::int64_t>{9, 8}));
    EXPECT_TRUE(file->tensors().empty());
}

TEST(GgufFile, FindsTensorsInsideTheFile) {
    const auto file = open(tinyFile().bytes());
    ASSERT_EQ(file->tensors().size(), 2u);
    const GgufFile::TensorInfo& first = file->getTensor("first");
    EXPECT_EQ(first.shape, (std::vector<std::int64_t>{8, 2}));
    EXPECT_EQ(first.bytes, 64u);
    const auto firstBytes = bytesOf(*file, "first");
    const kernels::HostMatrix matrix = first.matrix(firstBytes.data());
    EXPECT_EQ(matrix.rows, 2);
    EXPECT_EQ(matrix.cols, 8);
    float value = 0;
    std::memcpy(&value, matrix.data + 60, sizeof value);
    EXPECT_EQ(value, 1.5f);
    const auto secondBytes = bytesOf(*file, "second");
    const kernels::HostMatrix row = file->getTensor("second").matrix(secondBytes.data());
    EXPECT_EQ(row.rows, 1);
    EXPECT_EQ(row.data[33], std::byte{1});
    EXPECT_EQ(file->findTensor("third"), nullptr);
}

TEST(GgufFile, Version2IsTheSameLayout) {
    GgufWriter writer = tinyFile();
    writer.version = 2;
    EXPECT_EQ(open(writer.bytes())->version(), 2);
}

TEST(GgufFile, WrongTypesAndMissingThingsAreSentences) {
    const auto file = open(tinyFile().bytes());
    EXPECT_THROW(file->getUint("tiny.missing"), engine::Error);
    EXPECT_THROW(file->getUint("tiny.real"), engine::Error);
    EXPECT_THROW(file->getUint("tiny.negative"), engine::Error);
    EXPECT_THROW(file->getString("tiny.count"), engine::Error);
    EXPECT_THROW(file->findStrings("tiny.reals"), engine::Error);
    EXPECT_THROW(file->findFloats("tiny.ints"), engine::Error);
    EXPECT_THROW(file->findInts("tiny.count"), engine::Error);
    EXPECT_THROW(file->findBool("tiny.count"), engine::Error);
    EXPECT_FALSE(file->findUint("tiny.missing"));
    EXPECT_EQ(file->findStrings("tiny.missing"), nullptr);
    try {
        file->getTensor("third");
        FAIL();
    } catch (const engine::Error& error) {
        EXPECT_STREQ(error.what(), "file.gguf cannot be used: it lacks the tensor third.");
    }
}

TEST(GgufFile, FilesThatAreNoFiles) {
    EXPECT_THROW(GgufFile::open("/nonexistent/model.gguf"), engine::Error);
    EXPECT_THROW(GgufFile::open(test::temporaryFolder()), engine::Error);
    EXPECT_THAT(complaint(std::vector<std::byte>{}), HasSubstr("it is empty"));
}

TEST(GgufFile, WrongHeaders) {
    auto bytes = tinyFile().bytes();
    bytes[0] = std::byte{'X'};
    EXPECT_THAT(complaint(bytes), HasSubstr("not a GGUF file"));
    bytes = tinyFile().bytes();
    std::reverse(bytes.begin(), bytes.begin() + 4);
    EXPECT_THAT(complaint(bytes), HasSubstr("big-endian"));
    bytes = tinyFile().bytes();
    patch(bytes, 4, 0x03000000);
    EXPECT_THAT(complaint(bytes), HasSubstr("big-endian"));
    for (const std::uint32_t version : {0u, 1u, 4u, 0xFFFFFFFFu}) {
        bytes = tinyFile().bytes();
        patch(bytes, 4, version);
        EXPECT_THAT(complaint(bytes), HasSubstr("version")) << version;
    }
}

TEST(GgufFile, AbsurdCounts) {
    for (const std::size_t at : {8u, 16u}) // tensors, keys
        for (const std::uint64_t count : {std::uint64_t{1000}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
            auto bytes = tinyFile().bytes();
            std::memcpy(bytes.data() + at, &count, sizeof count);
            EXPECT_THAT(complaint(bytes), HasSubstr("more than fit")) << at << " " << count;
        }
    for (const std::uint64_t length : {std::uint64_t{1} << 20, ~std::uint64_t{0}}) {
        GgufWriter writer;
        writer.addRaw("text", GgufWriter::String, ByteSink().put(length).bytes());
        EXPECT_THAT(complaint(writer), testing::AnyOf(HasSubstr("cut off"), HasSubstr("absurd"))) << length;
        for (const std::uint32_t type :
             {GgufWriter::U8, GgufWriter::F32, GgufWriter::String, GgufWriter::Bool}) {
            GgufWriter list;
            list.addRaw("list", GgufWriter::Array, ByteSink().put(type).put(length).bytes());
            EXPECT_THAT(complaint(list), HasSubstr("more than fit")) << length << " " << type;
        }
    }
}

TEST(GgufFile, MetadataThatMakesNoSense) {
    GgufWriter writer = tinyFile();
    writer.addUint("tiny.count", 8);
    EXPECT_THAT(complaint(writer), HasSubstr("the metadata key tiny.count occurs twice"));
    writer = tinyFile();
    writer.addRaw("odd", 13, {});
    EXPECT_THAT(complaint(writer), HasSubstr("unknown value type 13"));
    writer = tinyFile();
    writer.addRaw("nested", GgufWriter::Array,
                  ByteSink().put<std::uint32_t>(GgufWriter::Array).put<std::uint64_t>(1).bytes());
    EXPECT_THAT(complaint(writer), HasSubstr("unknown value type 9"));
    writer = tinyFile();
    writer.addRaw("flag", GgufWriter::Bool, ByteSink().put<std::uint8_t>(2).bytes());
    EXPECT_THAT(complaint(writer), HasSubstr("true or false"));
    writer = tinyFile();
    writer.addUint("", 1);
    EXPECT_THAT(complaint(writer), HasSubstr("no name"));
}

TEST(GgufFile, Alignment) {
    GgufWriter wide;
    wide.alignment = 128;
    wide.addUint("general.alignment", 128);
    wide.addTensor("first", kernels::DType::F32, {1}, std::vector<std::byte>(4));
    wide.addTensor("second", kernels::DType::F32, {1},
                   {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{64}});
    float second = 0;
    std::memcpy(&second, bytesOf(*open(wide.bytes()), "second").data(), sizeof second);
    EXPECT_EQ(second, 2.0f);
    GgufWriter writer;
    for (const std::uint32_t value : {0u, 4u, 33u, 131072u, 0x80000000u}) {
        writer = tinyFile();
        writer.addUint("general.alignment", value);
        EXPECT_THAT(complaint(writer), HasSubstr("alignment")) << value;
    }
    writer = tinyFile();
    writer.addString("general.alignment", "32");
    EXPECT_THAT(complaint(writer), HasSubstr("alignment"));
}

TEST(GgufFile, TensorsThatMakeNoSense) {
    const std::vector<std::byte> data(128);
    const auto with = [&](std::uint32_t type, std::vector<std::uint64_t> shape, std::uint64_t offset,
                          const char* name = "third") {
        GgufWriter writer = tinyFile(); // ends at 64 + 34 bytes; the next place is 128
        writer.addRawTensor(name, type, shape, offset, data);
        return complaint(writer);
    };
    EXPECT_EQ(with(0, {32}, 128), "");
    EXPECT_THAT(with(0, {32}, 128, "first"), HasSubstr("the tensor first occurs twice"));
    EXPECT_THAT(with(0, {32}, 64), HasSubstr("the tensors second and third overlap"));
    EXPECT_THAT(with(0, {8}, 0), HasSubstr("overlap"));
    EXPECT_THAT(with(0, {33}, 128), HasSubstr("tensor third reaches past the end"));
    EXPECT_THAT(with(0, {32}, 1 << 20), HasSubstr("reaches past the end"));
    EXPECT_THAT(with(0, {32}, ~std::uint64_t{31}), HasSubstr("reaches past the end"));
    EXPECT_THAT(with(0, {32}, 130), HasSubstr("crooked"));
    EXPECT_THAT(with(0, {}, 128), HasSubstr("0 dimensions"));
    EXPECT_THAT(with(0, {1, 1, 1, 1, 1}, 128), HasSubstr("5 dimensions"));
    EXPECT_THAT(with(0, {0}, 128), HasSubstr("absurd dimension"));
    EXPECT_THAT(with(0, {std::uint64_t{1} << 42}, 128), HasSubstr("absurd dimension"));
    const std::uint64_t wide = std::uint64_t{1} << 31;
    EXPECT_THAT(with(0, {wide, wide, wide, wide}, 128), HasSubstr("absurd dimensions"));
    EXPECT_THAT(with(8, {33}, 128), HasSubstr("not whole blocks of Q8_0"));
    EXPECT_THAT(with(16, {256}, 128), HasSubstr("its tensor third is stored as IQ2_XXS"));
    EXPECT_THAT(with(99, {256}, 128), HasSubstr("its tensor third is stored as type 99"));
}

TEST(GgufFile, EveryTruncationIsASentence) {
    const std::vector<std::byte> whole = tinyFile().bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::string sentence = complaint(
            std::vector<std::byte>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        EXPECT_THAT(sentence, EndsWith(".")) << length;
        EXPECT_THAT(sentence, HasSubstr("file.gguf cannot be ")) << length;
    }
}

TEST(GgufFile, RandomDamageNeverCrashes) {
    const std::vector<std::byte> whole = tinyFile().bytes();
    std::mt19937 random(20240917);
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        std::vector<std::byte> bytes = whole;
        for (std::uint32_t flips = 1 + random() % 4; flips > 0; --flips)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        try {
            const auto file = openInMemory(bytes);
            for (const GgufFile::TensorInfo& tensor : file->tensors()) { // what was accepted can be read
                ASSERT_EQ(tensor.matrix().bytes(), tensor.bytes);
                ASSERT_EQ(bytesOf(*file, tensor.name).size(), tensor.bytes);
            }
        } catch (const engine::Error& error) {
            ++refused;
            ASSERT_THAT(std::string(error.what()), EndsWith("."));
        }
    }
    EXPECT_GT(refused, 5000); // else the flips missed the header
}

TEST(GgufFile, AFileThatShrinksIsNoticed) {
    const auto path = test::writeBytes("shrinking.gguf", tinyFile().bytes());
    const auto file = GgufFile::open(path);
    EXPECT_EQ(bytesOf(*file, "first").size(), 64u);
    std::filesystem::resize_file(path, 100);
    try {
        bytesOf(*file, "first");
        FAIL() << "it was read behind its end";
    } catch (const engine::Error& error) {
        EXPECT_STREQ(error.what(),
                     "shrinking.gguf cannot be used: it has become shorter while it was in use.");
    }
}

TEST(GgufFile, AHeaderThatShrinksWhileItIsReadIsASentence) {
    GgufWriter writer;
    writer.addStrings("long", std::vector<std::string>(100000, "0123456789"));
    const auto path = writer.write("shrinking.gguf");
    const engine::InputFile input(path);
    std::filesystem::resize_file(path, 600000); // behind what is read at once
    EXPECT_THROW(engine::parseGguf(input), engine::Error);
}

TEST(GgufFile, AModelThatShrinksWhileItIsLoadedIsASentence) {
    const auto path = test::temporaryFolder() / "shrinking_model.gguf";
    std::filesystem::copy_file(test::writeToyModel({}), path);
    float at = 0;
    const auto cut = [&](float progress) {
        at = progress;
        std::filesystem::resize_file(path, 1000);
    };
    EXPECT_THROW(engine::Model::load(path, engine::LoadOptions(), cut), engine::Error);
    EXPECT_LT(at, 0.9f);
}

TEST(GgufFile, TensorsAreReadAsTheyLie) {
    GgufWriter writer;
    std::vector<std::byte> data(1 << 20);
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<std::byte>(i * 31);
    writer.addTensor("big", kernels::DType::F32, {512, 512}, data);
    EXPECT_EQ(bytesOf(*open(writer.bytes()), "big"), data);
}

TEST(GgufFile, ReadsTheRealModel) {
    SKIP_WITHOUT_REAL_MODEL();
    const auto file = GgufFile::open(test::realModelPath());
    EXPECT_EQ(file->fileBytes(), 98362432u);
    EXPECT_EQ(file->metadata().size(), 33u);
    EXPECT_EQ(file->tensors().size(), 272u);
    EXPECT_EQ(file->getUint("llama.block_count"), 30u);
    EXPECT_EQ(file->findStrings("tokenizer.ggml.tokens")->size(), 49152u);
    EXPECT_EQ(file->getTensor("token_embd.weight").shape, (std::vector<std::int64_t>{576, 49152}));
}
