#pragma once
#include "engine/template/interpreter.h"

#include <span>
#include <string_view>
#include <utility>

namespace engine::jinja {

using Filter = Value (*)(const Operation&);
std::span<const std::pair<std::string_view, Filter>> listFilters();

} // namespace engine::jinja
