#include "app/cli/chat_run.h"
#include "app/cli/command.h"

#include <csignal>
#include <iostream>
#include <unistd.h>

namespace cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Options {
    ModelOptions model;
    CacheChoice cache;
    ChatOptions chat;
    std::string prompt;
    bool json = false;
};

nlohmann::json toJson(const ChatRun& run, const std::shared_ptr<const engine::Model>& model) {
    nlohmann::json result = run.report();
    result["model"] = model->info.name + " " + model->info.quantisation;
    result["device"] = model->info.device;
    result["chat_format"] = model->info.chatFormat;
    return result;
}

void talk(ChatRun& run, bool json) {
    const bool terminal = isatty(STDIN_FILENO) != 0;
    std::string line;
    for (;;) {
        if (terminal && !json)
            std::cout << "> " << std::flush;
        if (!std::getline(std::cin, line))
            return;
        if (!line.empty())
            run.say(line);
    }
}

void run(const Options& o) {
    const auto model = o.model.load();
    std::signal(SIGINT, [](int) { interrupted = 1; }); // ends the answer, a second time the program
    ChatRun run(model, o.cache, o.chat, [&o](const std::string& text) {
        if (!o.json)
            std::cout << text << std::flush;
        const bool stop = interrupted != 0;
        interrupted = 0;
        if (stop)
            std::signal(SIGINT, SIG_DFL);
        return !stop;
    });
    if (o.prompt.empty())
        talk(run, o.json);
    else if (o.chat.totalTokens > 0)
        run.sayUntil(o.prompt);
    else
        run.say(o.prompt);
    if (o.json)
        printJson(toJson(run, model));
}

void addSampling(CLI::App& command, engine::SamplingOptions& sampling) {
    command
        .add_option("--temperature", sampling.temperature, "0: always the most likely token (default 0.7)")
        ->check(CLI::Range(0.0, 100.0));
    command.add_option("--top-k", sampling.topK, "only the best K tokens; 0: off (default 40)")
        ->check(CLI::NonNegativeNumber);
    command
        .add_option("--top-p", sampling.topP,
                    "only the best tokens of this probability; 1: off (default 0.95)")
        ->check(CLI::Range(0.0, 1.0));
    command
        .add_option("--min-p", sampling.minP,
                    "only tokens this likely against the best; 0: off (default 0.05)")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--repetition-penalty", sampling.repetitionPenalty, "1: off (default 1.1)")
        ->check(CLI::Range(0.1, 10.0));
    command.add_option("--seed", sampling.seed, "same seed, same text; 0: from the clock (default 0)");
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
    command
        ->add_option("--max-tokens", options->chat.maxTokens,
                     "longest answer; 0: until the model ends it (default 0)")
        ->check(CLI::NonNegativeNumber);
    addSampling(*command, options->chat.sampling);
    command
        ->add_option("--tokens", options->chat.totalTokens,
                     "with --prompt: go on asking until so many tokens are generated")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--follow-up", options->chat.followUp,
                        "what --tokens asks after each answer (default \"Go on.\")");
    command->add_flag("--report", options->chat.report,
                      "with --json: processor time of every 16 generated tokens, and memory every 1,024");
    addJsonFlag(*command, options->json);
    command->callback([options] { run(*options); });
}

} // namespace cli
