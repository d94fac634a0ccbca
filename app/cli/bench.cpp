#include "app/cli/capture_cost.h"
#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/recompute.h"

#include <algorithm>
#include <chrono>
#include <functional>

namespace cli {
namespace {

using engine::Context;
using engine::LogitsWanted;
using engine::TokenId;

constexpr std::uint64_t MostTokens = 1 << 16; // of one measurement

struct Options {
    ModelOptions model;
    kernels::KvType ringType = kernels::KvType::F16;
    std::vector<int> depths{0, 1024, 4096};
    std::vector<int> windows{256, 512, 1024, 2048, 4096};
    int prefill = 512, decode = 128; // tokens
    int repeat = 3;
    bool againstRecompute = false, capture = false, json = false;
    std::vector<int> slots{1024, 4096};
    int rounds = 20;
};

double secondsOf(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// The same tokens in every run and program: a plain counter spread over the vocabulary.
std::vector<TokenId> someTokens(int count, int vocabulary) {
    std::vector<TokenId> tokens;
    for (int i = 0; i < count; ++i)
        tokens.push_back(static_cast<TokenId>((std::int64_t{i} * 7919 + 13) % vocabulary));
    return tokens;
}

nlohmann::json measureDepth(const Options& o, const std::shared_ptr<const engine::Model>& model, int depth) {
    // Wide enough that nothing is forgotten: a decoded token sees `depth` keys and those that came after, as
    // in other programs.
    engine::ContextOptions options;
    options.window = depth + std::max(o.prefill, o.decode);
    options.ringType = o.ringType;
    Context context(model, options);
    const auto tokens = someTokens(options.window, model->config.vocabulary);
    context.feed(std::span(tokens).first(static_cast<std::size_t>(depth)), LogitsWanted::None);
    std::vector<double> prefill, decode, bandwidth;
    for (int round = 0; round < o.repeat; ++round) {
        const auto rest =
            std::span(tokens).subspan(static_cast<std::size_t>(depth), static_cast<std::size_t>(o.prefill));
        prefill.push_back(secondsOf([&] { context.feed(rest, LogitsWanted::Last); }));
        context.cache().rewind(depth);
        model->takeBytesRead();
        decode.push_back(secondsOf([&] {
            for (int i = 0; i < o.decode; ++i)
                context.feed({&tokens[static_cast<std::size_t>(depth + i)], 1}, LogitsWanted::Last);
        }));
        bandwidth.push_back(1e-9 * static_cast<double>(model->takeBytesRead()) / decode.back());
        context.cache().rewind(depth);
    }
    return {{"depth", depth},
            {"prefill_tokens_per_second", o.prefill / median(prefill)},
            {"decode_tokens_per_second", o.decode / median(decode)},
            {"decode_gigabytes_per_second", median(bandwidth)}};
}

// Seconds per token when the window is full and rolls, against reading the whole window again for every
// token.
nlohmann::json measureWindow(const Options& o, const std::shared_ptr<const engine::Model>& model,
                             int window) {
    constexpr int Sinks = 4, Tokens = 32;
    const auto tokens = someTokens(window + 1 + Tokens, model->config.vocabulary);
    double streaming = 0, recompute = 0;
    {
        engine::ContextOptions options;
        options.sinks = Sinks;
        options.window = window - Sinks;
        options.ringType = o.ringType;
        Context context(model, options);
        context.feed(std::span(tokens).first(static_cast<std::size_t>(window) + 1), LogitsWanted::Last);
        std::vector<double> times;
        for (int i = 0; i < Tokens; ++i)
            times.push_back(secondsOf([&] {
                context.feed({&tokens[static_cast<std::size_t>(window + 1 + i)], 1}, LogitsWanted::Last);
            }));
        streaming = median(times);
    }
    {
        engine::Recompute again(model, window, o.ringType);
        for (int i = 0; i < window; ++i)
            again.skip(tokens[static_cast<std::size_t>(i)]);
        std::vector<double> times;
        for (int i = 0; i < 3; ++i)
            times.push_back(secondsOf([&] { again.next(tokens[static_cast<std::size_t>(window + i)]); }));
        recompute = median(times);
    }
    return {{"window", window},
            {"streaming_milliseconds", 1000 * streaming},
            {"recompute_milliseconds", 1000 * recompute},
            {"ratio", recompute / streaming}};
}

void print(const nlohmann::json& result) {
    std::printf("%s on %s\nloaded in %.2f s, at most %.0f MB of memory\n",
                result["model"].get<std::string>().c_str(), result["device"].get<std::string>().c_str(),
                result["load_seconds"].get<double>(), 1e-6 * result["peak_memory_bytes"].get<double>());
    if (result.contains("depths"))
        std::printf("%8s %16s %16s %12s\n", "depth", "prefill tok/s", "decode tok/s", "GB/s read");
    for (const auto& row : result.value("depths", nlohmann::json::array()))
        std::printf("%8d %16.1f %16.1f %12.2f\n", row["depth"].get<int>(),
                    row["prefill_tokens_per_second"].get<double>(),
                    row["decode_tokens_per_second"].get<double>(),
                    row["decode_gigabytes_per_second"].get<double>());
    if (result.contains("against_recompute"))
        std::printf("%8s %16s %16s %12s\n", "window", "streaming ms", "recompute ms", "ratio");
    for (const auto& row : result.value("against_recompute", nlohmann::json::array()))
        std::printf("%8d %16.2f %16.1f %12.1f\n", row["window"].get<int>(),
                    row["streaming_milliseconds"].get<double>(), row["recompute_milliseconds"].get<double>(),
                    row["ratio"].get<double>());
}

void run(const Options& o) {
    std::shared_ptr<const engine::Model> model;
    const double loadSeconds = secondsOf([&] { model = o.model.load(); });
    nlohmann::json result{{"model", model->info.name + " " + model->info.quantisation},
                          {"device", model->info.device},
                          {"device_layers", model->info.deviceLayers},
                          {"layers", model->info.layers},
                          {"instruction_set", model->backend->info().instructionSet},
                          {"threads", model->backend->info().threads},
                          {"load_seconds", loadSeconds},
                          {"weight_bytes", model->info.weightBytes},
                          {"file_bytes", model->info.fileBytes},
                          {"memory_bytes_after_load", peakMemoryBytes()}};
    if (o.againstRecompute)
        for (const int window : o.windows)
            result["against_recompute"].push_back(measureWindow(o, model, window));
    else if (o.capture)
        for (const int slots : o.slots)
            result["capture"].push_back(measureCapture(model, slots, o.ringType, o.rounds));
    else
        for (const int depth : o.depths)
            result["depths"].push_back(measureDepth(o, model, depth));
    result["peak_memory_bytes"] = peakMemoryBytes();
    if (o.json)
        printJson(result);
    else
        print(result);
    if (!o.json && o.capture)
        printCapture(result["capture"]);
}

} // namespace

void addBench(CLI::App& app) {
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("bench", "Speed: prefill and decode at each depth, load time, memory");
    options->model.add(*command);
    addWhole(*command, "--depth", options->depths, RingTokens,
             "tokens already in the cache (default 0,1024,4096)");
    addWhole(*command, "--prefill", options->prefill, {1, MostTokens},
             "tokens read at each depth (default 512)");
    addWhole(*command, "--decode", options->decode, {1, MostTokens},
             "tokens decoded at each depth (default 128)");
    addWhole(*command, "--repeat", options->repeat, {1, 100}, "runs; the median counts (default 3)");
    addRingType(*command, options->ringType);
    command->add_flag("--against-recompute", options->againstRecompute,
                      "instead: streaming against reading the window again for every token");
    addWhole(*command, "--windows", options->windows, CacheSlots,
             "cache sizes of --against-recompute (default 256,512,1024,2048,4096)");
    command->add_flag("--capture", options->capture,
                      "instead: what looking at attention costs, levels C1 and C2, at each of --slots");
    addWhole(*command, "--slots", options->slots, CacheSlots, "full caches of --capture (default 1024,4096)");
    addWhole(*command, "--rounds", options->rounds, {1, 10000}, "rounds ABCCBA of --capture (default 20)");
    addJsonFlag(*command, options->json);
    command->callback([options] { run(*options); });
}

} // namespace cli
