#pragma once
#include "engine/chat_format.h"
#include "engine/session.h"
#include "engine/tokenizer.h"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace engine {

/// What of a model's file is needed to tell how many tokens the reading of a chat will take: no weights. Immutable; any thread.
class ReadingForecast {
public:
    /// `chatFormat`: as in LoadOptions. Throws engine::Error; null when a stop was asked for.
    static std::shared_ptr<const ReadingForecast>
    fromFile(const std::filesystem::path& path, const std::string& chatFormat, std::stop_token stop = {});

    /// The tokens that an empty cache reads for this request before it answers; 0 where nothing can be read, because
    /// a dense cache has no room, or after a stop. Of the request only system, history, earlierBytes and cache count.
    int tokensToRead(const ChatRequest& request, const std::stop_token& stop = {}) const;

private:
    int m_usualTokens = 0; // in the cache
    ChatFormat m_format;
    std::unique_ptr<const Tokenizer> m_tokenizer;
};

} // namespace engine
