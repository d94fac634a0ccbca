#include "app/cli/chat_run.h"
#include "app/cli/command.h"
#include "app/cli/interrupts.h"

#include <iostream>
#include <unistd.h>

namespace cli {
namespace {

struct Options {
    ModelOptions model;
    CacheChoice cache;
    ChatOptions chat;
    std::string prompt;
    bool json = false;
};

nlohmann::json toJson(const ChatRun& run) {
    nlohmann::json result = run.report();
    const engine::ModelInfo& model = run.modelInfo();
    result["model"] = model.name + " " + model.quantisation;
    result["device"] = model.device;
    result["chat_format"] = model.chatFormat;
    return result;
}

/// What a person should know about an answer that did not end by itself.
void remark(const ChatRun& run) {
    if (run.reason() == engine::StopReason::CacheFull)
        complain("The memory of " + std::to_string(run.capacity()) + " tokens is full" +
                 (run.answerIsEmpty() ? ", so there is no answer" : ", so the answer ends here") +
                 ". With --mode streaming a chat goes on for ever.");
    else if (run.reason() == engine::StopReason::EndOfTurn && run.answerIsEmpty())
        complain(run.modelInfo().name + " ended its answer without a word.");
}

/// A line a message, until the end of the input, or until an answer is stopped that nobody types on after.
void talk(ChatRun& run, bool json) {
    const bool terminal = isatty(STDIN_FILENO) != 0;
    std::string line;
    for (;;) {
        if (terminal && !json)
            std::cout << "> " << std::flush;
        if (!std::getline(std::cin, line))
            return;
        if (line.empty())
            continue;
        run.say(line);
        remark(run);
        if (!std::cout || (run.reason() == engine::StopReason::Cancelled && !terminal))
            return;
    }
}

void run(const Options& o) {
    ChatRun run(o.model.load(), o.cache, o.chat, [&o](const std::string& text) {
        if (!o.json)
            std::cout << engine::presentableLines(text) << std::flush;
        return static_cast<bool>(std::cout); // a full disk or a closed pipe ends the answer
    });
    if (o.prompt.empty())
        talk(run, o.json);
    else if (o.chat.totalTokens > 0)
        run.sayUntil(o.prompt);
    else
        run.say(o.prompt);
    if (!o.prompt.empty())
        remark(run);
    if (o.json)
        printJson(toJson(run));
    if (run.reason() == engine::StopReason::Cancelled)
        throw CLI::RuntimeError(Interrupts::ExitStatus);
    if (run.reason() == engine::StopReason::CacheFull)
        throw CLI::RuntimeError(1);
}

void addSampling(CLI::App& command, engine::SamplingOptions& sampling) {
    addReal(command, "--temperature", sampling.temperature, {0, 100},
            "0: always the most likely token (default 0.7)");
    addWhole(command, "--top-k", sampling.topK, {0, 1 << 22}, "only the best K tokens; 0: off (default 40)");
    addReal(command, "--top-p", sampling.topP, {0, 1},
            "only the best tokens of this probability; 1: off (default 0.95)");
    addReal(command, "--min-p", sampling.minP, {0, 1},
            "only tokens this likely against the best; 0: off (default 0.05)");
    addReal(command, "--repetition-penalty", sampling.repetitionPenalty, {0.1, 10}, "1: off (default 1.1)");
    addWhole(command, "--seed", sampling.seed, Seed, "same seed, same text; 0: from the clock (default 0)");
}

} // namespace

void addChat(CLI::App& app) {
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("chat", "Answer a prompt, or talk on the terminal (end with Ctrl+D)");
    options->model.add(*command);
    options->cache.add(*command);
    command->add_option("-p,--prompt", options->prompt,
                        "one question; without it a conversation, a line a message");
    command->add_option("--system", options->chat.system, "system prompt instead of the model's own");
    addWhole(*command, "--max-tokens", options->chat.maxTokens, TextTokens,
             "longest answer; 0: until the model ends it (default 0)");
    addSampling(*command, options->chat.sampling);
    addWhole(*command, "--tokens", options->chat.totalTokens, TextTokens,
             "with --prompt: go on asking until so many tokens are generated");
    command->add_option("--follow-up", options->chat.followUp,
                        "what --tokens asks after each answer (default \"Go on.\")");
    command->add_flag("--report", options->chat.report,
                      "with --json: processor time of every 16 generated tokens, and memory every 1,024");
    addJsonFlag(*command, options->json);
    command->callback([options] { run(*options); });
}

} // namespace cli
