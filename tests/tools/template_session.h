#pragma once
#include <nlohmann/json.hpp>

/// What a session reads of a conversation that goes on question by question, with a toy model that has the template.
///   {"template": "...", "system": "...", "texts": ["question", "answer", "question", ...], "marks": ["<|user|>", ...]}
///   {"read": ["the text after each question"], "again": "the same as the last of them, from an empty cache",
///    "controls": [[control tokens read, those that the template writes itself], ...], "trouble": "..."}
/// `marks` are control tokens of the vocabulary, besides its own <|endoftext|>, <|im_start|> (begin) and <|im_end|> (end).
nlohmann::json readBySession(const nlohmann::json& line);
