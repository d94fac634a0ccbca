#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/safe_file.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/recorder.h"

#include <chrono>
#include <iomanip>
#include <numeric>
#include <sstream>
#include <thread>

namespace cli {
namespace {

struct Options {
    ModelOptions model;
    CacheChoice cache;
    std::string textFile, csvFile, headsFile, recordFile;
    int limit = 0, from = 0;
    bool json = false;
};

/// Sums over the tokens that were looked at.
struct Shares {
    std::vector<double> sinks, first, effectiveKeys; // (layers * heads)
    std::vector<double> slots;                       // (sink slots)
    int tokens = 0;

    void add(const engine::AttentionFrame& frame) {
        sinks.resize(frame.headStats.size());
        first.resize(frame.headStats.size());
        effectiveKeys.resize(frame.headStats.size());
        slots.resize(static_cast<std::size_t>(frame.sinkSlots));
        for (std::size_t i = 0; i < frame.headStats.size(); ++i) {
            sinks[i] += static_cast<double>(frame.headStats[i].sinks);
            first[i] += static_cast<double>(frame.headStats[i].slot0);
            effectiveKeys[i] += static_cast<double>(frame.headStats[i].effectiveKeys);
        }
        for (std::size_t i = 0; i < slots.size(); ++i)
            slots[i] += static_cast<double>(frame.slotMass[i]);
        ++tokens;
    }
    void average() {
        for (auto* values : {&sinks, &first, &effectiveKeys, &slots})
            for (double& value : *values)
                value /= tokens;
    }
};

double meanOf(std::span<const double> values) {
    return values.empty()
               ? 0
               : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::string csvQuoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '\n')
            quoted += "\\n";
        else
            quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

/// All rows of one token, one weight a line: the same table as the Inspector exports.
void writeRows(const std::string& path, const engine::AttentionFrame& frame,
               const engine::Tokenizer& tokenizer, const std::vector<engine::TokenId>& tokens) {
    std::ostringstream file;
    file << "t,layer,head,slot,stream_pos,token,weight\n" << std::setprecision(9);
    const int slots = frame.sinkSlots + frame.ringSlots;
    const float* row = frame.rows.data();
    for (int head = 0; head < frame.layers * frame.heads; ++head, row += slots) {
        const auto write = [&](engine::StreamPosition position, int slot) {
            file << frame.position << ',' << head / frame.heads << ',' << head % frame.heads << ',' << slot
                 << ',' << position << ','
                 << csvQuoted(tokenizer.displayText(tokens[static_cast<std::size_t>(position)])) << ','
                 << row[slot] << '\n';
        };
        for (int sink = 0; sink < frame.sinkCount; ++sink)
            write(sink, sink);
        for (engine::StreamPosition position = frame.oldest; position <= frame.position; ++position)
            write(position,
                  frame.sinkSlots + static_cast<int>((position - frame.ringStart) % frame.ringSlots));
    }
    app::writeFile(QString::fromLocal8Bit(path), QByteArray::fromStdString(file.str()));
}

Shares measure(const Options& o, const std::shared_ptr<const engine::Model>& model) {
    const auto tokens = readTokens(*model, o.textFile, o.limit);
    engine::ContextOptions options;
    options.mode = o.cache.mode;
    options.sinks = o.cache.sinks;
    options.window = o.cache.mode == engine::CacheMode::Dense && o.cache.window == 0
                         ? static_cast<int>(tokens.size())
                         : o.cache.window;
    options.ringType = o.cache.ringType;
    options.sinkType = o.cache.sinkType();
    engine::Context context(model, options);
    const auto last = tokens.size() - 1; // the last one is only predicted
    const auto from = static_cast<std::size_t>(o.from);
    if (from >= last)
        throw engine::Error("--from lies behind the end of the text.");
    context.feed(std::span(tokens).first(from), engine::LogitsWanted::None);

    engine::AttentionFrame frame;
    frame.level = engine::CaptureLevel::Mass;
    engine::prepareFrame(frame, {.level = frame.level, .rowLayer = 0}, model->config.layers,
                         model->config.heads, context.cache().slots());
    Shares shares;
    engine::Recorder recorder;
    recorder.describe({model->info.name, model->info.quantisation, 0});
    if (!o.recordFile.empty())
        recorder.start(o.recordFile);
    for (std::size_t i = from; i < last; ++i) {
        engine::AttentionFrame* recorded = nullptr;
        while (recorder.isOn() &&
               !(recorded = recorder.take(context, engine::WhenBehind::AskAgain))) // nothing is dropped here
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (!o.csvFile.empty() && i + 1 == last) {
            frame.level = engine::CaptureLevel::Record;
            engine::prepareFrame(frame, {.level = frame.level, .rowLayer = 0}, model->config.layers,
                                 model->config.heads, context.cache().slots());
        }
        engine::AttentionFrame& now = recorded ? *recorded : frame;
        if (recorded)
            now.level = engine::CaptureLevel::Record;
        context.feed({&tokens[i], 1}, engine::LogitsWanted::None, &now);
        shares.add(now);
        if (!o.csvFile.empty() && i + 1 == last)
            writeRows(o.csvFile, now, *model->tokenizer, tokens);
        if (recorded)
            recorder.put(tokens[i]);
    }
    recorder.finish();
    if (const std::string problem = recorder.status().problem; !problem.empty())
        throw engine::Error(problem);
    shares.average();
    return shares;
}

void writeHeads(const std::string& path, const Shares& shares, int heads) {
    std::ostringstream file;
    file << "layer,head,sink_share,first_token_share,effective_keys\n";
    for (std::size_t i = 0; i < shares.sinks.size(); ++i)
        file << i / static_cast<std::size_t>(heads) << ',' << i % static_cast<std::size_t>(heads) << ','
             << shares.sinks[i] << ',' << shares.first[i] << ',' << shares.effectiveKeys[i] << '\n';
    app::writeFile(QString::fromLocal8Bit(path), QByteArray::fromStdString(file.str()));
}

void run(const Options& o) {
    if (o.cache.mode == engine::CacheMode::Recompute)
        throw engine::Error("Recomputing keeps no cache that could be looked at.");
    const auto model = o.model.load();
    const Shares shares = measure(o, model);
    const auto heads = static_cast<std::size_t>(model->config.heads);
    std::vector<double> layers;
    std::vector<std::vector<double>> byHead;
    for (std::size_t i = 0; i < shares.sinks.size(); i += heads) {
        const auto row = std::span(shares.sinks).subspan(i, heads);
        layers.push_back(meanOf(row));
        byHead.emplace_back(row.begin(), row.end());
    }
    const auto sinkHeads =
        std::count_if(shares.first.begin(), shares.first.end(), [](double share) { return share > 0.3; });
    const double rate = static_cast<double>(sinkHeads) / static_cast<double>(shares.first.size());
    if (!o.headsFile.empty())
        writeHeads(o.headsFile, shares, model->config.heads);
    if (!o.json) {
        std::printf("%.1f %% of attention goes to the sinks, %.1f %% to the very first token (mean of %zu "
                    "heads, %d tokens).\n",
                    100 * meanOf(shares.sinks), 100 * meanOf(shares.first), shares.sinks.size(),
                    shares.tokens);
        std::printf("%.1f %% of the heads give the first token more than 0.3.\n", 100 * rate);
        for (std::size_t layer = 0; layer < layers.size(); ++layer)
            std::printf("layer %2zu  %5.1f %%\n", layer, 100 * layers[layer]);
        return;
    }
    printJson({{"device", model->info.device},
               {"tokens", shares.tokens},
               {"mean_share", meanOf(shares.sinks)},
               {"first_token_share", meanOf(shares.first)},
               {"slot_share", shares.slots},
               {"layer_share", layers},
               {"head_share", byHead},
               {"sink_head_rate", rate}});
}

} // namespace

void addSinks(CLI::App& app) {
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("sinks", "How much attention goes to the sinks while a text is read");
    options->model.add(*command);
    options->cache.add(*command);
    command->add_option("--text-file", options->textFile, "UTF-8 text")->required();
    addWhole(*command, "--limit", options->limit, TextTokens, "read at most so many tokens (0: all)");
    addWhole(*command, "--from", options->from, TextTokens, "look from this token on (default 0)");
    command->add_option("--csv", options->csvFile, "write every weight of the last token, one a line");
    command->add_option("--heads-csv", options->headsFile,
                        "write the table of all heads, mean of the tokens");
    command->add_option("--record", options->recordFile,
                        "write every row of every token (engine/README.md has the format)");
    addJsonFlag(*command, options->json);
    command->callback([options] { run(*options); });
}

} // namespace cli
