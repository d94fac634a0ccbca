#include "app/cli/command.h"
#include "app/cli/interrupts.h"
#include "app/cli/output.h"

#include <exception>
#include <new>

namespace {

int run(int argc, char** argv) {
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
    cli::addDevices(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) { // asked for and printed
        return app.exit(help);
    } catch (const CLI::RuntimeError& end) { // a command that has said all
        return end.get_exit_code();
    } catch (const CLI::ParseError& error) {
        cli::complain(error.what());
        cli::complain("Run with --help for more information.");
        return 2;
    } catch (const std::bad_alloc&) {
        cli::complain("There is not enough memory for this.");
        return 1;
    } catch (const std::exception& error) {
        cli::complain(error.what());
        return 1;
    }
    return 0;
}

} // namespace

// sumidero-cli, the headless twin: for people over ssh, scripts and tests.
int main(int argc, char** argv) {
    cli::Interrupts::watch();
    return cli::finishOutput(run(argc, argv));
}
