#pragma once
#include "engine/session.h"
#include "engine/utf8_stream.h"
#include "tests/engine/toy_context.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace test {

/// The slot table and the stream as somebody sees them who only reads the journal.
class JournalReader {
public:
    void read(engine::Journal& journal) {
        std::vector<engine::JournalEvent> events;
        std::uint64_t lost = 0;
        journal.take(events, lost);
        ASSERT_EQ(lost, 0u);
        for (const auto& event : events)
            apply(event);
    }

    void apply(const engine::JournalEvent& event) {
        using Type = engine::JournalEvent::Type;
        all.push_back(event);
        if (event.type == Type::Reset) {
            slots.assign(static_cast<std::size_t>(event.slot + event.count), -1);
            sinks = event.slot;
            stream.clear();
            evicted = 0;
        } else if (event.type == Type::Append) {
            slots.at(static_cast<std::size_t>(event.slot)) = event.position;
            stream[event.position] = event;
        } else if (event.type == Type::Evict) {
            evicted += event.count;
            for (auto& position : slots)
                if (position >= event.position && position < event.position + event.count)
                    position = -1;
        } else if (event.type == Type::Rewind) {
            for (auto& position : slots)
                if (position >= event.position)
                    position = -1;
            stream.erase(stream.lower_bound(event.position), stream.end());
            evicted = std::min<std::int64_t>(evicted, std::max<std::int64_t>(0, event.position - sinks));
        }
    }

    std::vector<engine::TokenId> tokens() const {
        std::vector<engine::TokenId> result;
        for (const auto& [position, event] : stream)
            result.push_back(event.token);
        return result;
    }

    std::vector<engine::StreamPosition> slots; // position in each slot, -1: none in view
    int sinks = 0;
    std::map<engine::StreamPosition, engine::JournalEvent> stream; // everything read, evicted or not
    std::int64_t evicted = 0;
    std::vector<engine::JournalEvent> all;
};

inline std::function<engine::CaptureRequest()> always(engine::CaptureRequest request) {
    return [request] { return request; };
}

/// A chat with a toy model: keeps the history as the program does.
class Chat {
public:
    explicit Chat(std::shared_ptr<const engine::Model> loaded) : model(std::move(loaded)), session(model) {
        request.chatId = 1;
        request.sampling.temperature = 0;
        request.sampling.repetitionPenalty = 1;
        request.cache = {.mode = engine::CacheMode::Streaming,
                         .sinks = 4,
                         .window = 252,
                         .ringType = kernels::KvType::F32};
        request.maxTokens = 8;
        probes.journal = &journal;
        session.watch(probes);
        observer.token = [this](engine::TokenId token, const std::string& text,
                                const engine::CacheStatus& status) {
            if (token != engine::NoToken)
                picked.push_back(token);
            answer += text;
            newest = text;
            last = status;
            if (onToken)
                onToken();
        };
    }

    engine::GenerationResult say(const std::string& text) {
        request.history.push_back({nextId++, engine::Role::User, text});
        return answerIt();
    }
    engine::GenerationResult answerIt(engine::Purpose purpose = engine::Purpose::Answer) {
        request.purpose = purpose;
        if (purpose == engine::Purpose::Answer)
            request.answerId = nextId++;
        picked.clear();
        answer.clear();
        stop = std::stop_source();
        session.watch(probes);
        const auto result = session.run(request, observer, stop.get_token());
        if (purpose == engine::Purpose::Answer)
            request.history.push_back({request.answerId, engine::Role::Assistant, answer});
        else if (purpose == engine::Purpose::Continue)
            request.history.back().text += answer;
        reader.read(journal);
        return result;
    }

    std::vector<engine::TokenId> encode(const std::vector<engine::TextPart>& parts) const {
        return model->tokenizer->encode(parts);
    }
    std::size_t count(const std::vector<engine::TextPart>& parts) const { return encode(parts).size(); }

    std::shared_ptr<const engine::Model> model;
    engine::Journal journal;
    engine::Session session;
    engine::ChatRequest request;
    engine::Probes probes; // looked at by every answer
    engine::Session::Observer observer;
    JournalReader reader;
    std::stop_source stop;
    std::function<void()> onToken;
    std::vector<engine::TokenId> picked; // of the last answer
    std::string answer;
    std::string newest; // of the last token
    engine::CacheStatus last;
    std::int64_t nextId = 1;
};

inline const char* chatMl = "{{ '<|im_start|>' }}";

inline engine::TextPart special(std::string_view text) {
    return {text, engine::TextPart::Trust::Special};
}
inline engine::TextPart plain(std::string_view text) {
    return {text, engine::TextPart::Trust::Plain};
}

template <class T>
std::vector<T> joined(std::vector<T> a, const std::vector<T>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// A chat of short turns with a toy, whose window is full after a few of them.
class ShortChat : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model = loadToy(writeToyModel({.trainedLength = 2048, .seed = 61}));
    Chat chat{model};

    void SetUp() override {
        chat.request.system = "Be brief.";
        chat.request.cache.window = 156;
        chat.request.maxTokens = 12;
    }
};

} // namespace test
