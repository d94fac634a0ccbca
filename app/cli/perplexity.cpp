#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/safe_file.h"
#include "engine/compare.h"
#include "engine/error.h"

#include <chrono>
#include <cmath>
#include <iomanip>
#include <limits>
#include <numeric>
#include <sstream>

namespace cli {
namespace {

// Of float32 values: what a reader can count on. The engine's own rounding is in the last of them.
constexpr int LossDigits = std::numeric_limits<float>::digits10 + 1;

struct Options {
    ModelOptions model;
    CacheChoice cache;
    std::string textFile, tokenFile, lossFile;
    int limit = 0, chunk = 128;
    std::int64_t startPosition = 0;
    bool json = false;
};

double mean(const std::vector<float>& losses, std::size_t first) {
    return std::accumulate(losses.begin() + static_cast<std::ptrdiff_t>(first), losses.end(), 0.0) /
           static_cast<double>(losses.size() - first);
}

void writeLosses(const std::string& path, const std::vector<float>& losses) {
    std::ostringstream file;
    file << "position,nll\n" << std::setprecision(LossDigits);
    for (std::size_t i = 0; i < losses.size(); ++i)
        file << i + 1 << ',' << losses[i] << '\n';
    app::writeFile(QString::fromLocal8Bit(path), QByteArray::fromStdString(file.str()));
}

void run(const Options& o) {
    if (o.textFile.empty() == o.tokenFile.empty())
        throw CLI::ValidationError("Exactly one of --text-file and --token-file is needed.");
    const auto model = o.model.load();
    const auto tokens = o.tokenFile.empty() ? readTokens(*model, o.textFile, o.limit)
                                            : readTokenIds(*model, o.tokenFile, o.limit);
    engine::EvaluationOptions options;
    options.mode = o.cache.mode;
    options.sinks = o.cache.mode == engine::CacheMode::Streaming ? o.cache.sinks : 0;
    options.window = o.cache.window;
    if (options.window == 0) // dense keeps everything unless told otherwise
        options.window = o.cache.mode == engine::CacheMode::Dense
                             ? static_cast<int>(tokens.size())
                             : model->config.usualCacheTokens() - options.sinks;
    options.chunk = o.chunk;
    options.ringStart = o.startPosition;
    options.ringType = o.cache.ringType;
    options.sinkType = o.cache.sinkType();
    if (options.ringStart != 0 && options.ringStart < options.sinks)
        throw engine::Error("--start-position lies before the end of the sinks.");

    const auto begin = std::chrono::steady_clock::now();
    engine::Evaluation evaluation(model, options, tokens);
    while (evaluation.step()) {
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const std::vector<float>& losses = evaluation.negativeLogLikelihoods();
    if (!o.lossFile.empty())
        writeLosses(o.lossFile, losses);

    const double all = mean(losses, 0), second = mean(losses, losses.size() / 2);
    if (!o.json) {
        std::printf("%s, %d + %d: perplexity %.3f over %zu tokens, %.3f over the second half, %.1f s\n",
                    name(options.mode), options.sinks, options.window, std::exp(all), losses.size(),
                    std::exp(second), seconds);
        return;
    }
    printJson({{"device", model->info.device},
               {"mode", name(options.mode)},
               {"sinks", options.sinks},
               {"window", options.window},
               {"tokens", losses.size()},
               {"nll_mean", all},
               {"perplexity", std::exp(all)},
               {"perplexity_second_half", std::exp(second)},
               {"seconds", seconds}});
}

} // namespace

void addPerplexity(CLI::App& app) {
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("perplexity", "How well the model predicts a text, by the way its past is kept");
    options->model.add(*command);
    options->cache.add(*command);
    command->add_option("--text-file", options->textFile, "UTF-8 text");
    command->add_option(
        "--token-file", options->tokenFile,
        "instead of a text: a JSON list of token ids, read as they are (nothing is put in front)");
    addWhole(*command, "--limit", options->limit, TextTokens, "read at most so many tokens (0: all)");
    addWhole(*command, "--chunk", options->chunk, {1, 4096},
             "tokens read at once; changes no more than the rounding (default 128)");
    addWhole(*command, "--start-position", options->startPosition, {0, std::uint64_t{1} << 50},
             "where in the stream the ring begins");
    command->add_option("--nll-out", options->lossFile,
                        "CSV with -log p of every token, in nats, seven digits");
    addJsonFlag(*command, options->json);
    command->callback([options] { run(*options); });
}

} // namespace cli
