#include "engine/error.h"
#include "engine/gguf_file.h"
#include "tests/engine/toy_context.h"
#include "tests/support/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

// Models in several files: opened by any of them, or one sentence that names the file at fault.
namespace {

using engine::GgufFile;
using std::filesystem::path;
using test::GgufWriter;
using testing::HasSubstr;

constexpr int PARTS = 3;

path part(const path& first, int number) {
    std::string name = first.filename().string();
    name.replace(name.find("-00001-of-") + 5, 1, std::to_string(number));
    return first.parent_path() / name;
}

std::string complaint(const path& file) {
    try {
        GgufFile::open(file);
        return "";
    } catch (const engine::Error& error) {
        return error.what();
    }
}

/// A part with one tensor.
path write(const std::string& name, std::uint32_t number, std::uint32_t count, const std::string& tensor) {
    GgufWriter writer;
    writer.addUint("split.no", number);
    writer.addUint("split.count", count);
    writer.addTensor(tensor, kernels::DType::F32, {4}, std::vector<std::byte>(16));
    return writer.write(name);
}

class Parts : public testing::Test {
protected:
    path first = test::writeToyModel({.parts = PARTS});
    path whole = test::writeToyModel({});
};

TEST_F(Parts, AnyOfThemIsTheModel) {
    const auto single = GgufFile::open(whole);
    for (int number = 1; number <= PARTS; ++number) {
        const auto file = GgufFile::open(part(first, number));
        EXPECT_EQ(file->path(), first);
        EXPECT_EQ(file->getString("general.name"), "Toy");
        EXPECT_EQ(file->tensors().size(), single->tensors().size());
        EXPECT_GT(file->fileBytes(), single->fileBytes());
        EXPECT_LT(file->fileBytes(), single->fileBytes() + 4096);
        for (const GgufFile::TensorInfo& tensor : single->tensors()) {
            std::vector<std::byte> expected, found;
            single->read(tensor, expected);
            file->read(file->getTensor(tensor.name), found);
            EXPECT_EQ(found, expected) << tensor.name;
        }
    }
}

TEST_F(Parts, TheirLogitsAreThoseOfOneFile) {
    const auto tokens = test::randomTokens(20, 320, 1);
    engine::Context one(test::loadToy(whole), test::exactOptions(4, 20, 8));
    engine::Context several(test::loadToy(part(first, 2)), test::exactOptions(4, 20, 8));
    EXPECT_EQ(test::feedAll(one, tokens, 1), test::feedAll(several, tokens, 1));
}

TEST_F(Parts, TheNameIsWithoutTheNumber) {
    const path renamed = first.parent_path() / "Some-Model.Q8_0-00001-of-00001.gguf";
    std::filesystem::copy_file(whole, renamed);
    EXPECT_EQ(engine::displayName(*GgufFile::open(renamed)), "Some Model");
}

TEST_F(Parts, AMissingOneIsNamed) {
    std::filesystem::remove(part(first, 2));
    const std::string name = part(first, 2).filename().string();
    for (const int number : {1, 3})
        EXPECT_THAT(complaint(part(first, number)), HasSubstr("its part " + name + " is missing."));
}

TEST_F(Parts, ADamagedOneIsNamed) {
    const auto bytes = std::filesystem::file_size(part(first, 3));
    std::filesystem::resize_file(part(first, 3), bytes - 40);
    EXPECT_THAT(complaint(first),
                HasSubstr(part(first, 3).filename().string() + " cannot be used: it is cut"));
}

TEST_F(Parts, OneThatGetsShorterIsNamed) {
    const auto file = GgufFile::open(first);
    std::filesystem::resize_file(part(first, 3), 100);
    try {
        std::vector<std::byte> bytes;
        for (const GgufFile::TensorInfo& tensor : file->tensors())
            file->read(tensor, bytes);
        FAIL();
    } catch (const engine::Error& error) {
        EXPECT_THAT(error.what(),
                    HasSubstr(part(first, 3).filename().string() + " cannot be used: it has become"));
    }
}

TEST_F(Parts, OneOfAnotherModelIsNamed) {
    std::filesystem::copy_file(part(first, 1), part(first, 2),
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_THAT(complaint(first), HasSubstr(part(first, 2).filename().string() +
                                            " cannot be used: it is not part 2 of 3, as its name says."));
}

TEST(PartsAlone, NamesThatLeadNowhere) {
    EXPECT_THAT(complaint(write("renamed.gguf", 1, 2, "a")),
                HasSubstr("it is part 2 of 2 of a model, but its name does not end in -00002-of-00002.gguf"));
    EXPECT_THAT(complaint(write("many-00001-of-70000.gguf", 0, 70000, "a")), HasSubstr("absurd"));
    EXPECT_THAT(complaint(write("past-00004-of-00003.gguf", 3, 3, "a")), HasSubstr("cannot be found"));
}

TEST(PartsAlone, OneOfAModelInMoreParts) {
    const path first = write("fewer-00001-of-00002.gguf", 0, 2, "a");
    write("fewer-00002-of-00002.gguf", 1, 3, "b");
    EXPECT_THAT(complaint(first),
                HasSubstr("fewer-00002-of-00002.gguf cannot be used: it is not part 2 of 2, "
                          "as its name says."));
}

TEST(PartsAlone, ATensorInTwoOfThem) {
    write("twice-00001-of-00002.gguf", 0, 2, "a");
    EXPECT_THAT(complaint(write("twice-00002-of-00002.gguf", 1, 2, "a")),
                HasSubstr("twice-00002-of-00002.gguf cannot be used: it holds the tensor a, which another"));
}

TEST_F(Parts, TensorsAreCounted) {
    GgufWriter writer;
    writer.addUint("split.no", 0);
    writer.addUint("split.count", 2);
    writer.addUint("split.tensors.count", 5);
    writer.write("few-00001-of-00002.gguf");
    EXPECT_THAT(complaint(write("few-00002-of-00002.gguf", 1, 2, "a")),
                HasSubstr("its parts hold 1 tensors together and should hold 5"));
}

} // namespace
