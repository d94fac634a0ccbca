#pragma once
#include "app/model_library.h"

#include <optional>

namespace app::models {

/// Reads the header of a .gguf file: what it is, what it needs, why it cannot be used. Nothing for files that
/// are no language model at all (projectors, adapters, later parts of a split one). Any thread; never throws
/// for what is in the file.
std::optional<ModelEntry> inspect(const QString& path, const QString& source);

} // namespace app::models
