#pragma once
#include "app/paths.h"

#include <CLI/CLI.hpp>
#include <string>

namespace cli {

/// --model FILE; without it the model that the installer fetched. `path` must live as long as the command.
inline CLI::Option* addModelPath(CLI::App& command, std::string& path) {
    path = (app::modelsFolder() + QStringLiteral("/SmolLM2-135M-Instruct.Q4_1.gguf")).toStdString();
    return command.add_option("--model", path, "GGUF file; default: the installed model")
        ->option_text("FILE");
}

} // namespace cli
