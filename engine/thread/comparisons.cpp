#include "engine/thread/comparisons.h"

#include "engine/thread/worker.h"

#include <algorithm>
#include <string_view>

namespace engine {
namespace {

/// Of a text of many megabytes no more is tokenized than is read.
std::vector<TokenId> firstTokens(const Tokenizer& tokenizer, std::string_view text, std::size_t most) {
    constexpr std::size_t bytesPerToken = 16; // more than prose and code have
    constexpr std::size_t sight = 4096;       // bytes behind the last token wanted that may still change it
    for (std::size_t bytes = most * bytesPerToken + sight;; bytes *= 2) {
        const bool whole = bytes >= text.size();
        std::size_t end = std::min(bytes, text.size());
        while (!whole && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) // within a character
            --end;
        std::vector<TokenId> tokens = tokenizer.encodePlain(text.substr(0, end));
        if (whole || tokens.size() >= most + sight / bytesPerToken)
            return tokens;
    }
}

std::vector<TokenId> tokenize(const Model& model, const CompareRequest& request) {
    std::vector<TokenId> tokens =
        request.maxTokens > 0
            ? firstTokens(*model.tokenizer, request.text, static_cast<std::size_t>(request.maxTokens))
            : model.tokenizer->encodePlain(request.text);
    if (model.tokenizer->addsBeginToken() && model.tokenizer->beginToken())
        tokens.insert(tokens.begin(), *model.tokenizer->beginToken());
    if (request.maxTokens > 0 && tokens.size() > static_cast<std::size_t>(request.maxTokens))
        tokens.resize(static_cast<std::size_t>(request.maxTokens));
    return tokens;
}

std::vector<TokenId> frontOf(const Model& model, const EvaluationOptions& options) {
    std::vector<TokenId> tokens;
    for (const std::string& piece : options.front) {
        const std::vector<TokenId> encoded = model.tokenizer->encodePlain(piece);
        tokens.insert(tokens.end(), encoded.begin(), encoded.end());
    }
    return tokens;
}

} // namespace

void Comparisons::add(RequestId id, CompareRequest request, std::shared_ptr<const Model> model,
                      std::stop_token stop) {
    std::vector<TokenId> tokens = tokenize(*model, request);
    m_jobs.push_back(
        {id, std::move(request), std::move(model), std::move(stop), std::move(tokens), 0, nullptr, 0, 0});
}

void Comparisons::step(const std::stop_token& quit, const std::stop_token& leave) {
    if (m_jobs.empty())
        return;
    Job& job = m_jobs.front();
    std::stop_source either;
    const std::stop_callback byJob(job.stop, [&either] { either.request_stop(); });
    const std::stop_callback byQuit(quit, [&either] { either.request_stop(); });
    const std::stop_callback byOthers(leave, [&either] { either.request_stop(); });
    EngineEvent end = CompareFinished{job.id, false};
    try {
        if (advance(job, either.get_token()) && !job.stop.stop_requested())
            return;
        end = CompareFinished{job.id, job.stop.stop_requested()};
    } catch (...) {
        end = Failed{job.id, currentErrorSentence()};
    }
    m_jobs.pop_front();
    m_events.push(std::move(end));
}

bool Comparisons::advance(Job& job, const std::stop_token& stop) {
    if (stop.stop_requested())
        return true;
    if (job.run == job.request.runs.size())
        return false;
    if (!job.evaluation) {
        const EvaluationOptions& options = job.request.runs[job.run];
        std::vector<TokenId> tokens = frontOf(*job.model, options);
        tokens.insert(tokens.end(), job.tokens.begin(), job.tokens.end());
        job.length = tokens.size();
        job.evaluation = std::make_unique<Evaluation>(job.model, options, std::move(tokens));
        job.reported = 0;
    }
    const bool goesOn = job.evaluation->step(stop);
    report(job);
    if (goesOn)
        return true;
    job.evaluation.reset(); // one cache at a time
    return ++job.run < job.request.runs.size();
}

void Comparisons::report(Job& job) {
    const auto& losses = job.evaluation->negativeLogLikelihoods();
    m_events.push(CompareProgress{job.id,
                                  job.request.runs[job.run].mode,
                                  {losses.begin() + static_cast<std::ptrdiff_t>(job.reported), losses.end()},
                                  job.evaluation->position(),
                                  job.length,
                                  job.evaluation->firstTokenShare()});
    job.reported = losses.size();
}

void Comparisons::cancelAll() {
    for (const Job& job : m_jobs)
        m_events.push(CompareFinished{job.id, true});
    m_jobs.clear();
}

} // namespace engine
