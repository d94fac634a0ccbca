#include "engine/session.h"

#include "engine/error.h"
#include "engine/session/answer_so_far.h"
#include "engine/session/conversation.h"
#include "engine/session/thought.h"
#include "engine/stop_words.h"

#include <algorithm>
#include <chrono>

namespace engine {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

void refuseWhatCannotBeAnswered(const ChatRequest& request) {
    if (request.cache.mode == CacheMode::Recompute)
        throw Error("Recomputing the window for every token is a measurement, not a way to chat.");
    if (request.purpose == Purpose::Answer && !request.history.empty() &&
        request.history.back().role == Role::System)
        throw Error("An instruction alone cannot be answered: a question has to follow it.");
}

/// What the generator of an answer may try.
class AnswerAhead : public Lookahead {
public:
    AnswerAhead(Conversation& conversation, const std::stop_token& stop)
        : m_conversation(conversation), m_stop(stop) {}
    int room() const override { return m_conversation.aheadRoom(); }
    std::span<const float> read(std::span<const TokenId> tokens) override {
        return m_conversation.readAhead(tokens, m_stop);
    }

private:
    Conversation& m_conversation;
    const std::stop_token& m_stop;
};

/// From a thought to its answer, beginning with the control token that ends a thought. Empty: the model's thoughts, if any, are text.
std::vector<TokenId> tokensAfterThought(const Model& model) {
    const TextPart text{model.chatFormat.afterThought, TextPart::Trust::Special};
    std::vector<TokenId> tokens = model.tokenizer->encode({&text, 1});
    if (tokens.empty() || !model.tokenizer->isControl(tokens.front()))
        return {};
    return tokens;
}

} // namespace

struct Session::Impl {
    Impl(std::shared_ptr<const Model> loaded, ReadingRecord record)
        : model(std::move(loaded)), conversation(model, std::move(record)),
          afterThought(tokensAfterThought(*model)) {
        for (TokenId token = 0; token < model->tokenizer->vocabularySize(); ++token)
            if (model->tokenizer->isControl(token) && !endsMessage(token))
                neverPicked.push_back(token);
    }

    GenerationResult run(const ChatRequest& request, const Observer& observer, const std::stop_token& stop);
    GenerationResult answer(const ChatRequest& request, const Observer& observer,
                            const std::stop_token& stop);
    bool endsMessage(TokenId token) const {
        return model->tokenizer->endsTurn(token) || (!afterThought.empty() && token == afterThought.front());
    }
    void startAnswer(const ChatRequest& request, Generator& generator);
    bool readMarks(std::span<const TokenId> marks, Logits& logits, const std::stop_token& stop);
    bool readOpening(const Observer& observer, Logits& logits, const std::stop_token& stop);
    bool endThought(const Observer& observer, Logits& logits, const std::stop_token& stop);
    void showMarks(std::string_view shown, std::string_view marks, const Observer& observer);
    StopReason generate(const ChatRequest& request, const Observer& observer, const std::stop_token& stop,
                        GenerationResult& result);
    void emit(TokenId token, const Observer& observer);
    void handOut(TokenId token, const std::string& text, const Observer& observer);
    void finishText(StopReason reason, const Observer& observer);
    CacheStatus status() const;

    std::shared_ptr<const Model> model;
    Conversation conversation;
    std::vector<TokenId> afterThought; // see tokensAfterThought()
    std::vector<TokenId> neverPicked;  // control tokens: no text of a message
    StopWords stopWords;
    bool thinks = false; // the answer is in a thought between control tokens
    std::int64_t answerId = 0;
    std::int32_t answerBytes = 0; // picked, and what stands for marks
    std::int32_t textBytes = 0;   // the same as text, what is held back included
    std::int32_t shownBytes = 0;  // handed out
    bool dropsSpace = false;      // the answer's first space is the tokenizer's, nobody wrote it
    float tokensPerSecond = 0;
};

Session::Session(std::shared_ptr<const Model> model, const Session* before)
    : m_impl(std::make_unique<Impl>(
          std::move(model), before == nullptr ? ReadingRecord() : before->m_impl->conversation.record())) {}
Session::~Session() = default;

void Session::watch(Probes probes) {
    m_probes = std::move(probes);
    m_impl->conversation.watch(m_probes);
}

GenerationResult Session::run(const ChatRequest& request, const Observer& observer, std::stop_token stop) {
    refuseWhatCannotBeAnswered(request);
    if (m_impl->model->runsOnCpu())
        return m_impl->run(request, observer, stop);
    AnswerSoFar soFar;
    std::string problem;
    try {
        return m_impl->run(request, soFar.watch(observer), stop);
    } catch (const Error&) { // of the request
        throw;
    } catch (const std::runtime_error& error) { // of the device
        problem = Error(error.what()).what();   // as people may see it
    }
    if (!moveToCpu(problem, observer, stop))
        return soFar.with({.reason = StopReason::Cancelled});
    return soFar.with(m_impl->run(soFar.rest(request), observer, stop));
}

/// False when it was stopped: nothing has changed then.
bool Session::moveToCpu(const std::string& problem, const Observer& observer, const std::stop_token& stop) {
    if (observer.deviceFailed)
        observer.deviceFailed(problem);
    auto moved = m_impl->model->loadOnCpu(problem, stop);
    if (!moved)
        return false;
    m_impl = std::make_unique<Impl>(std::move(moved), m_impl->conversation.record());
    m_impl->conversation.watch(m_probes);
    if (observer.moved)
        observer.moved(m_impl->model->info);
    return true;
}

CacheStatus Session::status() const {
    return m_impl->status();
}
Context* Session::context() {
    return m_impl->conversation.context();
}
std::shared_ptr<const Model> Session::model() const {
    return m_impl->model;
}

CacheStatus Session::Impl::status() const {
    CacheStatus status = conversation.status();
    status.tokensPerSecond = tokensPerSecond;
    return status;
}

GenerationResult Session::Impl::run(const ChatRequest& request, const Observer& observer,
                                    const std::stop_token& stop) {
    try {
        return answer(request, observer, stop);
    } catch (...) {
        conversation.drop();
        throw;
    }
}

GenerationResult Session::Impl::answer(const ChatRequest& request, const Observer& observer,
                                       const std::stop_token& stop) {
    using Outcome = Conversation::Outcome;
    GenerationResult result;
    auto begin = Clock::now();
    const Outcome outcome = conversation.catchUp(request, observer, stop);
    result.promptTokens = conversation.promptTokens();
    result.promptSeconds = secondsSince(begin);
    if (outcome != Outcome::Done) {
        result.reason = outcome == Outcome::Cancelled ? StopReason::Cancelled : StopReason::CacheFull;
        return result;
    }
    if (request.purpose == Purpose::Prepare)
        return result;
    begin = Clock::now();
    result.reason = generate(request, observer, stop, result);
    finishText(result.reason, observer);
    result.generateSeconds = secondsSince(begin);
    return result;
}

void Session::Impl::startAnswer(const ChatRequest& request, Generator& generator) {
    generator.begin(conversation.textInView(), neverPicked);
    const bool goesOn = request.purpose == Purpose::Continue;
    const std::int64_t id = goesOn ? request.history.back().id : request.answerId;
    const std::string_view before = goesOn ? std::string_view(request.history.back().text) : "";
    if (!goesOn)
        conversation.openAnswer(id);
    answerId = id;
    textBytes = shownBytes = static_cast<std::int32_t>(before.size());
    answerBytes = textBytes + static_cast<std::int32_t>(conversation.unfinished().pending());
    const auto thought = thoughtOf(model->chatFormat, before);
    thinks = !afterThought.empty() && thought && thought->isOpen;
    stopWords = StopWords(request.stopWords);
}

/// False: it was stopped, or there is no room.
bool Session::Impl::readMarks(std::span<const TokenId> marks, Logits& logits, const std::stop_token& stop) {
    if (marks.empty())
        return true;
    const TokenSource place{
        .messageId = answerId, .byteBegin = answerBytes, .byteEnd = answerBytes, .role = Role::Assistant};
    logits = conversation.readMarks(marks, place, stop);
    return !logits.empty();
}

/// What the template puts in front of an answer that is being written: a part of the answer that nobody picks or is shown. Where it may be
/// that of a thought, the model's most likely token says which one. False: stopped, or no room.
bool Session::Impl::readOpening(const Observer& observer, Logits& logits, const std::stop_token& stop) {
    using Opening = Conversation::Opening;
    std::vector<TokenId> marks = conversation.opening(Opening::Words);
    std::size_t shared = 0;
    if (!afterThought.empty()) {
        std::vector<TokenId> thought = conversation.opening(Opening::Thought);
        const auto [words, other] = std::mismatch(marks.begin(), marks.end(), thought.begin(), thought.end());
        shared = static_cast<std::size_t>(words - marks.begin());
        if (!readMarks(std::span(marks).first(shared), logits, stop))
            return false;
        const std::span<const float> all = logits.all();
        thinks = words != marks.end() && other != thought.end() &&
                 all[static_cast<std::size_t>(*other)] > all[static_cast<std::size_t>(*words)];
        if (thinks)
            marks = std::move(thought);
    }
    if (!readMarks(std::span(marks).subspan(shared), logits, stop))
        return false;
    showMarks(thinks ? ThoughtBegin : "",
              conversation.openingText(thinks ? Opening::Thought : Opening::Words), observer);
    return true;
}

/// The model has thought; its answer follows. False: stopped, or no room.
bool Session::Impl::endThought(const Observer& observer, Logits& logits, const std::stop_token& stop) {
    const std::string halfCharacter = conversation.unfinished().finish();
    textBytes += static_cast<std::int32_t>(halfCharacter.size());
    answerBytes = textBytes;
    std::string rest = stopWords.push(halfCharacter);
    rest += stopWords.finish();
    handOut(NoToken, rest, observer);
    if (!readMarks(afterThought, logits, stop))
        return false;
    thinks = false;
    showMarks(ThoughtEnd, model->chatFormat.afterThought, observer);
    dropsSpace = model->tokenizer->addsSpacePrefix();
    return true;
}

/// `shown`: what people see in the place of marks that were read.
void Session::Impl::showMarks(std::string_view shown, std::string_view marks, const Observer& observer) {
    conversation.addText(shown, marks);
    for (std::int32_t* bytes : {&answerBytes, &textBytes, &shownBytes})
        *bytes += static_cast<std::int32_t>(shown.size());
    if (observer.token && !shown.empty())
        observer.token(NoToken, std::string(shown), status());
}

StopReason Session::Impl::generate(const ChatRequest& request, const Observer& observer,
                                   const std::stop_token& stop, GenerationResult& result) {
    const Tokenizer& tokenizer = *model->tokenizer;
    const bool asksForTop = !model->backend->info().readsInPlace; // else all logits are there anyway
    Logits logits = conversation.logits();
    const std::unique_ptr<Generator> generator = request.generator
                                                     ? request.generator(request.sampling)
                                                     : std::make_unique<SampledGenerator>(request.sampling);
    AnswerAhead ahead(conversation, stop);
    startAnswer(request, *generator);
    const auto noMarks = [&stop] {
        return stop.stop_requested() ? StopReason::Cancelled : StopReason::CacheFull;
    };
    dropsSpace = tokenizer.addsSpacePrefix() && answerBytes == 0;
    if (request.purpose != Purpose::Continue && !readOpening(observer, logits, stop))
        return noMarks();
    dropsSpace = dropsSpace && conversation.endsWithControl();
    const auto begin = Clock::now();

    // The decode loop.
    while (!stop.stop_requested()) {
        conversation.pollCapture();
        const TokenId token = generator->next(logits, ahead);
        if (endsMessage(token)) {
            if (!thinks)
                return StopReason::EndOfTurn;
            if (!endThought(observer, logits, stop))
                return noMarks();
            continue;
        }
        const float loss =
            conversation.wantsScalars() ? static_cast<float>(logits.negativeLogLikelihood(token)) : 0.0f;
        emit(token, observer);
        tokensPerSecond = static_cast<float>(++result.generatedTokens / secondsSince(begin));
        if (stopWords.found())
            return StopReason::EndOfTurn;
        if (result.generatedTokens == request.maxTokens)
            return StopReason::Length;
        if (conversation.full())
            return StopReason::CacheFull;
        const auto tokenBegin = Clock::now();
        logits = conversation.readPending(stop, loss, asksForTop ? generator->wants() : TopWanted{});
        if (logits.empty())
            return StopReason::Cancelled;
        conversation.tokenDone(secondsSince(tokenBegin));
    }
    return StopReason::Cancelled;
}

void Session::Impl::emit(TokenId token, const Observer& observer) {
    std::string_view bytes = model->tokenizer->bytes(token);
    if (dropsSpace && bytes.starts_with(' '))
        bytes.remove_prefix(1);
    dropsSpace = false;
    const auto end = answerBytes + static_cast<std::int32_t>(bytes.size());
    conversation.add({token,
                      {.messageId = answerId,
                       .byteBegin = answerBytes,
                       .byteEnd = end,
                       .role = Role::Assistant,
                       .isText = true}});
    answerBytes = end;
    const std::string text = conversation.unfinished().push(bytes);
    textBytes += static_cast<std::int32_t>(text.size());
    handOut(token, stopWords.push(text), observer);
}

void Session::Impl::handOut(TokenId token, const std::string& text, const Observer& observer) {
    conversation.addText(text);
    shownBytes += static_cast<std::int32_t>(text.size());
    if (observer.token && (token != NoToken || !text.empty()))
        observer.token(token, text, status());
}

// The end token itself is not read here: the next turn begins with the template's own, which is the same
// text. A character that was cut in two waits for the answer to go on.
void Session::Impl::finishText(StopReason reason, const Observer& observer) {
    const bool repaired =
        textBytes + static_cast<std::int32_t>(conversation.unfinished().pending()) != answerBytes;
    std::string text =
        reason == StopReason::EndOfTurn ? stopWords.push(conversation.unfinished().finish()) : std::string();
    text += stopWords.finish();
    handOut(NoToken, text, observer);
    if (stopWords.found())
        conversation.cutAnswer(repaired ? 0 : shownBytes);
}

} // namespace engine
