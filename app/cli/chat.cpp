#include "app/cli/command.h"

namespace cli {

void addChat(CLI::App&) {}

} // namespace cli
