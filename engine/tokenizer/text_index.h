#pragma once
#include "engine/tokenizer/bpe_merges.h"
#include "engine/tokenizer/text_hash.h"
#include "engine/tokenizer/vocabulary.h"

#include <string_view>
#include <unordered_map>

// What both kinds of BPE read from a file.
namespace engine {

/// Ordinary tokens by their texts, which have to stay where they are: a word of plain text must never become another.
using TextIndex = std::unordered_map<std::string_view, TokenId, TextHash>;
TextIndex indexTexts(const GgufFile& file, const Vocabulary& vocabulary);

/// tokenizer.ggml.merges. Throws engine::Error.
BpeMerges readMerges(const GgufFile& file, const TextIndex& texts, int vocabularySize);

} // namespace engine
