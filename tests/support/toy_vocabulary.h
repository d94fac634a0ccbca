#pragma once
#include "tests/support/gguf_writer.h"
#include "tests/support/toy_model.h"

namespace test {

// The toy vocabularies, in this order, as far as the size reaches: special tokens, the 256 bytes, common
// pieces of English, unused. Byte-level BPE: 0 <|endoftext|>, 1 <|im_start|>, 2 <|im_end|>. SentencePiece: 0
// <unk>, 1 <s>, 2 </s>, 3 <|im_start|>, 4 <|im_end|>.

/// All tokenizer.* keys.
void addToyVocabulary(GgufWriter& writer, const ToyShape& shape);

/// GPT-2's printable stand-in for a byte, as UTF-8.
std::string byteLevelCharacter(unsigned char byte);

} // namespace test
