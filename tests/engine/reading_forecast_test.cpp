#include "engine/reading_forecast.h"
#include "tests/engine/session_fixture.h"
#include "tests/support/real_model.h"

#include <gtest/gtest.h>

// What is announced before a change of models or settings is what is read after it.
namespace {

using namespace engine;

std::string prose(int sentences, const std::string& about) {
    std::string text;
    for (int i = 0; i < sentences; ++i)
        text += "Sentence " + std::to_string(i) + " is about " + about + ", naïve 北京 and $5. ";
    return text;
}

std::vector<ChatMessage> chatOf(const std::vector<std::string>& texts) {
    std::vector<ChatMessage> history;
    for (const std::string& text : texts)
        history.push_back({static_cast<std::int64_t>(history.size()) + 1,
                           history.size() % 2 == 0 ? Role::User : Role::Assistant, text});
    return history;
}

std::vector<std::vector<ChatMessage>> branches() {
    std::vector<std::string> many;
    for (int i = 0; i < 60; ++i)
        many.push_back(prose(1 + i % 4, "turn " + std::to_string(i)));
    return {
        chatOf({"Hello."}),
        chatOf({"Hello.", "Good day."}),
        chatOf(many),
        chatOf({prose(400, "a long question"), "Short."}),
        chatOf({"Short.", prose(400, "a long answer")}),
        chatOf({"Short.", "Yes.", prose(10, "one"), prose(10, "two"), "", "?"}),
        chatOf({std::string(60000, 'x'), "Short."}),
        {{1, Role::System, "Speak kindly."},
         {2, Role::User, "Hello."},
         {3, Role::Assistant, "Good day."},
         {4, Role::System, prose(3, "another tone")},
         {5, Role::User, "And now?"}},
    };
}

int readBy(const std::shared_ptr<const Model>& model, const ChatRequest& request) {
    Session session(model);
    Session::Observer observer;
    return session.run(request, observer, {}).promptTokens;
}

void compare(const std::filesystem::path& path, const std::string& format) {
    LoadOptions options;
    options.chatFormat = format;
    options.device.cpu.threads = 2;
    const auto model = Model::load(path, options);
    const auto forecast = ReadingForecast::fromFile(path, format);
    int branch = 0;
    for (const auto& history : branches()) {
        for (const CacheMode mode : {CacheMode::Streaming, CacheMode::Window, CacheMode::Dense}) {
            for (const char* system : {"", "You are terse and speak of nothing but boats and the sea."}) {
                for (const std::int64_t earlier : {0, 5000}) {
                    ChatRequest request;
                    request.chatId = 1;
                    request.purpose = Purpose::Prepare;
                    request.history = history;
                    request.system = system;
                    request.earlierBytes = earlier;
                    request.cache = {
                        .mode = mode, .sinks = 4, .window = 200, .ringType = kernels::KvType::F16};
                    EXPECT_EQ(forecast->tokensToRead(request), readBy(model, request))
                        << path.filename() << " " << format << ", branch " << branch << ", mode "
                        << static_cast<int>(mode) << ", system \"" << system << "\", earlier " << earlier;
                }
            }
        }
        ++branch;
    }
}

} // namespace

TEST(ReadingForecast, AnnouncesWhatIsRead) {
    compare(test::writeToyModel({.seed = 3}), "");
    compare(test::writeToyModel({.seed = 3}), "Llama 3");
    compare(test::writeToyModel({.sentencePiece = true, .chatTemplate = "", .seed = 4}), "");
}

TEST(ReadingForecast, AnnouncesWhatARealModelReads) {
    SKIP_WITHOUT_REAL_MODEL();
    const auto forecast = ReadingForecast::fromFile(test::realModelPath(), "");
    const auto model = Model::load(test::realModelPath(), {});
    ChatRequest request;
    request.chatId = 1;
    request.purpose = Purpose::Prepare;
    request.cache.window = 252;
    for (const auto& history : branches()) {
        request.history = history;
        EXPECT_EQ(forecast->tokensToRead(request), readBy(model, request));
    }
}

TEST(ReadingForecast, SaysWhatIsWrongWithAFile) {
    EXPECT_THROW(ReadingForecast::fromFile("/nowhere/model.gguf", ""), std::exception);
    EXPECT_THROW(ReadingForecast::fromFile(test::writeToyModel({}), "No such format"), std::exception);
}
