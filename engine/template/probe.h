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

/// Renders a few short conversations and cuts them where the messages' words stand.
Probed probe(const std::string& jinja, const TemplateSetting& setting, const std::stop_token& stop);

} // namespace engine
