#include "engine/tokenizer/text_index.h"

#include "engine/gguf_file.h"

namespace engine {

TextIndex indexTexts(const GgufFile& file, const Vocabulary& vocabulary) {
    TextIndex index(static_cast<std::size_t>(vocabulary.size()));
    for (TokenId token = 0; token < vocabulary.size(); ++token) {
        file.checkStop();
        if (!vocabulary.isReserved(token))
            index.emplace(vocabulary.text(token), token);
    }
    return index;
}

BpeMerges readMerges(const GgufFile& file, const TextIndex& texts, int vocabularySize) {
    const std::vector<std::string>* merges = file.findStrings("tokenizer.ggml.merges");
    if (!merges)
        file.fail("its metadata lacks the key tokenizer.ggml.merges");
    std::vector<BpeMerges::Rule> rules;
    rules.reserve(merges->size());
    for (std::size_t rank = 0; rank < merges->size(); ++rank) {
        file.checkStop();
        const std::string_view merge = (*merges)[rank];
        const std::size_t blank = merge.find(' ', 1); // the left half may itself be a blank
        if (blank == std::string_view::npos)
            file.fail("it is damaged: its vocabulary has a merge without two halves");
        std::string whole(merge.substr(0, blank));
        whole.append(merge.substr(blank + 1));
        const auto left = texts.find(merge.substr(0, blank));
        const auto right = texts.find(merge.substr(blank + 1));
        const auto result = texts.find(std::string_view(whole));
        // Vocabularies that were cut down keep merges of tokens that are gone; those can never apply.
        if (left != texts.end() && right != texts.end() && result != texts.end())
            rules.push_back({left->second, right->second, result->second, static_cast<std::uint32_t>(rank)});
    }
    return BpeMerges(std::move(rules), vocabularySize);
}

} // namespace engine
