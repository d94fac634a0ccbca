#pragma once
#include "app/model_library.h"

#include <CLI/CLI.hpp>
#include <string>

namespace cli {

/// --model FILE; without it the model that the installer fetched. `path` must live as long as the command.
inline CLI::Option* addModelPath(CLI::App& command, std::string& path) {
    path = app::ModelLibrary::defaultModelPath().toStdString();
    return command.add_option("--model", path, "GGUF file; default: the installed model")->option_text("FILE");
}

} // namespace cli
