#pragma once
#include "engine/tokenizer/vocabulary.h"

#include <string>
#include <vector>

namespace engine {

/// SentencePiece's ModelProto in protobuf wire format, made from a vocabulary; piece ids are token ids.
/// Pieces that the library would refuse (empty, twice, a second "unknown") are renamed or retyped, which
/// makes them unreachable from text. Where there is no "unknown" one is added behind the end.
std::string spmModelProto(const Vocabulary& vocabulary, const std::vector<float>& scores);

} // namespace engine
