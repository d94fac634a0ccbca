#include "app/cli/command.h"

namespace cli {

void addPerplexity(CLI::App&) {}

} // namespace cli
