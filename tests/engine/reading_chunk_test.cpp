#include "engine/reading_chunk.h"

#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

namespace {

using engine::LogitsWanted;
using engine::ModelConfig;

/// Of 8 thousand million weights, and of 135 million.
ModelConfig shapeOf8B() {
    ModelConfig config;
    config.dim = 4096;
    config.headDim = 128;
    config.heads = 32;
    config.kvHeads = 8;
    config.ffnDim = 14336;
    return config;
}
ModelConfig shapeOf135M() {
    ModelConfig config;
    config.dim = 576;
    config.headDim = 64;
    config.heads = 9;
    config.kvHeads = 3;
    config.ffnDim = 1536;
    return config;
}

kernels::DeviceInfo device(bool isDiscrete) {
    return {.name = {}, .instructionSet = {}, .isDiscrete = isDiscrete};
}

TEST(ReadingChunk, ACardIsNotGivenAFewTokensOfALargeModel) {
    const kernels::DeviceInfo processor = device(false), card = device(true);
    EXPECT_EQ(engine::readingChunk(shapeOf8B(), processor), 16) << "a stop would have to wait";
    EXPECT_EQ(engine::readingChunk(shapeOf8B(), card), 128);
    EXPECT_EQ(engine::readingChunk(shapeOf135M(), processor), 256);
    EXPECT_EQ(engine::readingChunk(shapeOf135M(), card), 256);
}

TEST(ReadingChunk, AChatHasRoomForTheLargest) {
    for (const ModelConfig& config : {shapeOf8B(), shapeOf135M()})
        EXPECT_EQ(engine::largestChunk(config), engine::readingChunk(config, device(true)));
}

// A card that fails leaves a stream to the processor, whose chunks are shorter.
TEST(ReadingChunk, AStateFitsDevicesThatReadInOtherChunks) {
    const auto model = test::loadToy(test::writeToyModel({.seed = 21}));
    engine::ContextOptions onCard = test::exactOptions(2, 9, 12), onProcessor = test::exactOptions(2, 9, 3);
    onProcessor.inFlight = onCard.maxChunk;
    const auto text = test::randomTokens(40, model->config.vocabulary, 4);
    const auto read = std::span(text).first(30), rest = std::span(text).subspan(30);
    engine::Context card(model, onCard), processor(model, onProcessor);
    card.feed(read, LogitsWanted::None);
    processor.restore(card.save());
    const auto expected = card.feed(rest, LogitsWanted::Last),
               found = processor.feed(rest, LogitsWanted::Last);
    ASSERT_EQ(found.size(), expected.size());
    EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin()));
}

} // namespace
