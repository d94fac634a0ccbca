#pragma once
#include <CLI/CLI.hpp>
#include <string>

// One file per subcommand of sumidero-cli. A command adds its options and sets a callback; it throws engine::Error or app::StoreError
// (one sentence, exit status 1). With --json it prints exactly one JSON object on stdout.
namespace cli {

void addChat(CLI::App& app);
void addTokenize(CLI::App& app);
void addPerplexity(CLI::App& app);
void addBench(CLI::App& app);
void addInspect(CLI::App& app);
void addChats(CLI::App& app);
void addSinks(CLI::App& app);
void addDevices(CLI::App& app);

} // namespace cli
