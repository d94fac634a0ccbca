#pragma once
#include "engine/chat_format.h"
#include "engine/chat_template.h"

#include <optional>
#include <string>

namespace engine {

struct Probed {
    std::optional<ChatFormat> format; // without a name
    std::string trouble;              // why there is none: one sentence
};

/// Renders a few short conversations and cuts them where the messages' words stand. What is left has to be the same in every turn.
Probed probe(const std::string& jinja, const TemplateSetting& setting);

} // namespace engine
