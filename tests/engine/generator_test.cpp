#include "engine/generator.h"

#include "tests/engine/session_fixture.h"

// How to go on is a strategy: one that tries drafts writes what the plain one writes, and leaves the same in view.
namespace {

using engine::Generator;
using engine::Lookahead;
using engine::StreamPosition;
using engine::TokenId;
using test::Chat;

struct Tally {
    int passes = 0; // drafts that were read
    int kept = 0;   // tokens of them that came true
    int wrong = 0;  // drafts of which something was rejected
};

/// Greedy. Guesses that what followed the same token last time follows again, reads the guess in one pass, and keeps what is right.
class Drafted : public Generator {
public:
    explicit Drafted(Tally& tally) : m_tally(tally) {}

    void begin(std::span<const TokenId> text, std::span<const TokenId> never) override {
        m_text.assign(text.begin(), text.end());
        m_never.assign(never.begin(), never.end());
    }
    TokenId next(const engine::Logits& logits, Lookahead& ahead) override {
        const TokenId token = best(logits.all());
        const bool foreseen = m_used < m_draft.size() && m_draft[m_used] == token;
        m_tally.kept += foreseen;
        m_tally.wrong += m_used < m_draft.size() && !foreseen;
        ++m_used;
        m_text.push_back(token);
        if (!foreseen)
            tryMore(ahead);
        return token;
    }

private:
    TokenId best(std::span<const float> logits) const {
        TokenId top = engine::NoToken;
        for (std::size_t i = 0; i < logits.size(); ++i) {
            const auto token = static_cast<TokenId>(i);
            if (std::find(m_never.begin(), m_never.end(), token) == m_never.end() &&
                (top == engine::NoToken || logits[i] > logits[static_cast<std::size_t>(top)]))
                top = token;
        }
        return top;
    }
    void tryMore(Lookahead& ahead) {
        m_draft.clear();
        m_used = 1; // the first one is not a guess
        if (ahead.room() < 4)
            return;
        const TokenId newest = m_text.back();
        for (std::size_t i = m_text.size() - 1; i-- > 0 && m_draft.empty();)
            if (m_text[i] == newest)
                m_draft.assign(m_text.begin() + static_cast<std::ptrdiff_t>(i), m_text.end());
        if (m_draft.size() < 2)
            m_draft = {newest, 5, 6}; // sure to be wrong, mostly
        m_draft.resize(std::min<std::size_t>(4, m_draft.size()));
        const auto first = ahead.read(m_draft);
        const std::vector<float> logits(first.begin(), first.end());
        const auto again = ahead.read(m_draft); // nothing of the first time is left
        EXPECT_TRUE(std::equal(again.begin(), again.end(), logits.begin(), logits.end()));
        ++m_tally.passes;
    }

    Tally& m_tally;
    std::vector<TokenId> m_text, m_never, m_draft;
    std::size_t m_used = 0;
};

/// What a person and the Inspector see after every token.
struct Trace {
    std::vector<TokenId> tokens;
    std::string text;
    std::vector<std::int64_t> views; // visible, position, horizon; of every token
    std::vector<engine::StreamPosition> slots;
    std::vector<TokenId> stream;
    bool operator==(const Trace&) const = default;
};

class Generators : public testing::Test {
protected:
    std::shared_ptr<const engine::Model> model =
        test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 61}));
    Tally tally;

    void prepare(Chat& chat, bool drafts) {
        chat.request.system = "Be brief.";
        chat.request.cache.window = 156;
        chat.request.maxTokens = 60;
        if (drafts)
            chat.request.generator = [this](const engine::SamplingOptions&) {
                return std::make_unique<Drafted>(tally);
            };
    }
    static Trace follow(Chat& chat, const std::function<void(Chat&)>& talk) {
        Trace trace;
        chat.onToken = [&] {
            trace.views.insert(trace.views.end(),
                               {chat.last.visible, chat.last.position, chat.last.forgotten,
                                chat.last.horizon.messageId, chat.last.horizon.byteOffset});
            trace.text += chat.newest;
        };
        talk(chat);
        chat.onToken = nullptr;
        trace.slots = chat.reader.slots;
        trace.stream = chat.reader.tokens();
        return trace;
    }
    void expectTheSame(const std::function<void(Chat&)>& talk, const std::function<void(Chat&)>& adapt = {}) {
        Chat plain(model), drafted(model);
        for (Chat* chat : {&plain, &drafted}) {
            prepare(*chat, chat == &drafted);
            if (adapt)
                adapt(*chat);
        }
        const Trace expected = follow(plain, talk), trace = follow(drafted, talk);
        EXPECT_EQ(trace.text, expected.text);
        EXPECT_EQ(trace.views, expected.views) << "as much is in view after every token";
        EXPECT_EQ(trace.slots, expected.slots);
        EXPECT_EQ(trace.stream, expected.stream);
    }
};

// The window rolls in the first answer, later questions move its edge to a turn.
TEST_F(Generators, DraftsWriteWhatGreedyWrites) {
    expectTheSame([](Chat& chat) {
        chat.request.maxTokens = 300;
        chat.say("Tell me a story of the sea.");
        ASSERT_GT(chat.last.forgotten, 100);
        chat.request.maxTokens = 60;
        for (int i = 0; i < 8; ++i)
            chat.say("Question " + std::to_string(i) + " about the harbour and its boats.");
    });
    EXPECT_GT(tally.kept, 50);
    EXPECT_GT(tally.wrong, 5);
    EXPECT_GT(tally.passes, 20);
}

TEST_F(Generators, ADenseCacheFillsToTheLastPlace) {
    expectTheSame([](Chat& chat) { EXPECT_EQ(chat.say("Fill it.").reason, engine::StopReason::CacheFull); },
                  [](Chat& chat) {
                      chat.request.cache.mode = engine::CacheMode::Dense;
                      chat.request.cache.window = 120;
                      chat.request.maxTokens = 0;
                  });
}

// Whatever ends an answer in the middle of a draft: what was not handed out is not there for the next turn.
TEST_F(Generators, AStopInADraftLeavesNothingBehind) {
    for (const int stopAfter : {1, 2, 3, 5, 8, 13, 21}) {
        expectTheSame([stopAfter](Chat& chat) {
            const auto watch = chat.onToken;
            chat.onToken = [&chat, &watch, stopAfter] {
                watch();
                if (static_cast<int>(chat.picked.size()) == stopAfter)
                    chat.stop.request_stop();
            };
            chat.say("Go on for ever.");
            chat.onToken = watch;
            chat.answerIt(engine::Purpose::Continue);
            chat.say("Enough.");
        });
        Chat free(model);
        prepare(free, false);
        free.say("Go on for ever.");
        if (free.answer.size() < static_cast<std::size_t>(stopAfter) + 2)
            continue;
        const std::string word = free.answer.substr(static_cast<std::size_t>(stopAfter), 2);
        expectTheSame(
            [](Chat& chat) {
                chat.say("Go on for ever.");
                chat.request.stopWords.clear();
                chat.say("Enough.");
            },
            [&word](Chat& chat) { chat.request.stopWords = {word}; });
    }
}

// While each token's attention is looked at they are read one by one.
TEST_F(Generators, ThereIsNoRoomAheadWhileAttentionIsLookedAt) {
    Chat chat(model);
    prepare(chat, true);
    engine::Latest<engine::AttentionFrame> frames;
    chat.probes.frames = &frames;
    chat.probes.capture = test::always({engine::CaptureLevel::Record, 0}); // the governor leaves it alone
    chat.say("Tell me a story of the sea.");
    EXPECT_EQ(tally.passes, 0);
    chat.probes.capture = {};
    chat.say("And another one.");
    EXPECT_GT(tally.passes, 0);
    chat.probes = {};
    chat.session.watch({});
}

} // namespace
