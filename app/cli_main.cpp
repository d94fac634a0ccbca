#include "app/cli/command.h"
#include "app/database.h"
#include "engine/error.h"

#include <cstdio>
#include <exception>

// sumidero-cli, the headless twin: for people over ssh, scripts and tests.
int main(int argc, char** argv) {
    CLI::App app("Sumidero: chats with local models that never have to be reset.", "sumidero-cli");
    app.set_version_flag("--version", SUMIDERO_VERSION);
    app.require_subcommand(1);
    app.fallthrough(false);
    cli::addChat(app);
    cli::addTokenize(app);
    cli::addPerplexity(app);
    cli::addBench(app);
    cli::addInspect(app);
    cli::addChats(app);
    cli::addSinks(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
