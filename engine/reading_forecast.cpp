#include "engine/reading_forecast.h"

#include "engine/error.h"
#include "engine/gguf_file.h"
#include "engine/model_config.h"
#include "engine/session/branch.h"
#include "engine/session/prompt_writer.h"
#include "engine/session/window_plan.h"

#include <algorithm>

namespace engine {

std::shared_ptr<const ReadingForecast> ReadingForecast::fromFile(const std::filesystem::path& path,
                                                                 const std::string& chatFormat,
                                                                 std::stop_token stop) {
    try {
        const auto file = GgufFile::open(path, std::move(stop));
        const auto forecast = std::make_shared<ReadingForecast>();
        forecast->m_usualTokens = ModelConfig::fromGguf(*file).usualCacheTokens();
        const auto wanted =
            chatFormat.empty() ? std::optional(ChatFormat::detect(*file)) : ChatFormat::byName(chatFormat);
        if (!wanted)
            throw Error("There is no chat format called \"" + chatFormat + "\".");
        forecast->m_format = *wanted;
        forecast->m_tokenizer = Tokenizer::fromGguf(*file, *wanted);
        return forecast;
    } catch (const Stopped&) {
        return nullptr;
    }
}

// As Conversation reads a branch of which it holds nothing; reading_forecast_test.cpp compares the two.
int ReadingForecast::tokensToRead(const ChatRequest& request, const std::stop_token& stop) const {
    PromptWriter writer(*m_tokenizer, m_format);
    const Branch branch(request, m_format);
    writer.show(branch);
    const std::size_t block = writer.systemBlock().size();
    const CacheSize size = cacheSize(m_usualTokens, request.cache, block);
    const WindowPlanner planner(writer, block, request.cache.mode, size);
    const WindowPlan plan = planner.plan(branch.messages, branch.hasEarlier, {}, stop);
    if (!plan.isComplete || !plan.fits)
        return 0;
    const int front = static_cast<int>(block);
    return plan.tokens + (plan.everything ? front : std::min(front, size.sinks));
}

} // namespace engine
