#include "engine/reading_chunk.h"

#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

namespace {

using engine::LogitsWanted;
using engine::ModelConfig;

ModelConfig shape(int dim, int headDim, int heads, int kvHeads, int ffnDim) {
    ModelConfig config;
    config.dim = dim;
    config.headDim = headDim;
    config.heads = heads;
    config.kvHeads = kvHeads;
    config.ffnDim = ffnDim;
    return config;
}
const ModelConfig of8B = shape(4096, 128, 32, 8, 14336), of135M = shape(576, 64, 9, 3, 1536);

kernels::DeviceInfo device(bool isDiscrete) {
    return {.name = {}, .instructionSet = {}, .isDiscrete = isDiscrete};
}

TEST(ReadingChunk, ACardIsNotGivenAFewTokensOfALargeModel) {
    const kernels::DeviceInfo processor = device(false), card = device(true);
    EXPECT_EQ(engine::readingChunk(of8B, processor), 16) << "a stop would have to wait";
    EXPECT_EQ(engine::readingChunk(of8B, card), 128);
    EXPECT_EQ(engine::readingChunk(of135M, processor), 256);
    EXPECT_EQ(engine::readingChunk(of135M, card), 256);
}

TEST(ReadingChunk, AChatHasRoomForTheLargest) {
    for (const ModelConfig& config : {of8B, of135M})
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
