#pragma once
#include "engine/logits.h"
#include "engine/sampler.h"
#include "engine/types.h"

#include <functional>
#include <memory>
#include <span>

namespace engine {

/// The context behind the newest token, as far as a generator may use it. Engine thread; valid during Generator::next().
class Lookahead {
public:
    virtual ~Lookahead() = default;
    /// How many tokens one call of read() takes. 0: not now, because attention is looked at token by token or the cache is full.
    virtual int room() const = 0;
    /// Reads `tokens` in one pass as if they followed the newest token, and takes them back: what is in view stays exactly as it was, the
    /// edge of the window included, however often and whatever is tried. Returns the logits after each of them (tokens, vocabulary), valid
    /// until the next call; those handed to next() are gone. Empty when a stop came. When the tokens that next() delivers from
    /// now on are the last ones tried, they are not read a second time.
    virtual std::span<const float> read(std::span<const TokenId> tokens) = 0;
};

/// How an answer goes on: a strategy. One object for each answer. The decode loop asks for a token at a time, so an end of the
/// turn, a stop word or a stop in the middle of several tokens that were read at once leaves nothing to repair. Engine thread.
class Generator {
public:
    virtual ~Generator() = default;
    /// Before the first token. `text`: the tokens of messages in view, oldest first. `never`: no text of a message, not to be picked.
    virtual void begin(std::span<const TokenId> text, std::span<const TokenId> never) = 0;
    /// What it needs of the logits that the next call of next() gets; they may be more. The span is valid until that call.
    virtual TopWanted wants() { return {}; }
    /// The next token. `logits`: after the newest one.
    virtual TokenId next(const Logits& logits, Lookahead& ahead) = 0;
};

using GeneratorFactory = std::function<std::unique_ptr<Generator>(const SamplingOptions&)>;

/// Draws every token from the model's own probabilities (Sampler); the most likely one at temperature 0.
class SampledGenerator : public Generator {
public:
    explicit SampledGenerator(const SamplingOptions& options)
        : m_sampler(options), m_window(options.repetitionWindow) {}
    void begin(std::span<const TokenId> text, std::span<const TokenId> never) override;
    TopWanted wants() override { return m_sampler.wants(); }
    TokenId next(const Logits& logits, Lookahead& ahead) override;

private:
    Sampler m_sampler;
    int m_window; // of the repetition penalty
};

} // namespace engine
