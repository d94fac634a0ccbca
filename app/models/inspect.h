#pragma once
#include "app/model_library.h"

#include <optional>
#include <stop_token>

namespace app::models {

/// Reads the header of a .gguf file: what it is, what it needs, why it cannot be used. Nothing for files that
/// are no language model at all (projectors, adapters, later parts of a split one). Any thread; never throws
/// for what is in the file. Nothing after a stop, either.
std::optional<ModelEntry> inspect(const QString& path, const QString& source, const std::stop_token& stop);

} // namespace app::models
