#include "engine/session/branch.h"

#include <gtest/gtest.h>

// A conversation as a file's template shows it, cut into what is read for each message.
namespace {

using engine::ChatFormat;
using engine::ChatRequest;
using engine::Role;
using engine::ShownBranch;
using engine::ShownText;

ChatRequest request(const std::string& system, const std::vector<std::pair<Role, std::string>>& messages) {
    ChatRequest result;
    result.system = system;
    for (const auto& [role, text] : messages)
        result.history.push_back({0, role, text});
    return result;
}

/// Pieces side by side; words of the message in [], others' in ().
std::string marked(const ShownText& shown) {
    std::string result;
    for (std::size_t i = 0; i < shown.parts.size(); ++i) {
        const std::string part =
            shown.text.substr(shown.parts[i].begin, shown.partEnd(i) - shown.parts[i].begin);
        const auto writer = shown.parts[i].writer;
        result += writer == ShownText::Writer::Message ? "[" + part + "]"
                  : writer == ShownText::Writer::Other ? "(" + part + ")"
                                                       : part;
    }
    return result;
}

std::string marked(const ShownBranch& shown) {
    std::string result = marked(shown.block);
    for (const auto& message : shown.messages)
        result += " | " + marked(message.before) + marked(message.content) + marked(message.behind);
    return result + " | " + shown.opening;
}

std::string shown(const std::string& source, const ChatRequest& request) {
    const ChatFormat format = ChatFormat::fromTemplate(source);
    EXPECT_TRUE(format.source) << format.trouble;
    return marked(engine::show(format, engine::Branch(request, format)));
}

const std::string turns = "{% for m in messages %}<{{ m.role[0] }}>{{ m.content }}</>{% endfor %}"
                          "{% if add_generation_prompt %}<a>{% endif %}";

// As Mistral's: questions and answers by turns, and the system prompt in front of the newest question.
const std::string strict =
    "{% if messages[0].role == 'system' %}{% set s = messages[0].content %}{% set messages = messages[1:] %}"
    "{% endif %}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Take turns') }}{% endif %}"
    "{% if m.role == 'user' %}<u>{% if loop.last and s is defined %}{{ s + '//' }}{% endif %}{{ m.content "
    "}}<a>"
    "{% else %}{{ m.content }}</>{% endif %}{% endfor %}";

// As Gemma 2's: no system prompt.
const std::string refusing =
    "{% if messages[0].role == 'system' %}{{ raise_exception('No system role') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Take "
    "turns') }}"
    "{% endif %}<{{ m.role[0] }}>{{ m.content | trim }}</>{% endfor %}<a>";

const Role S = Role::System, U = Role::User, A = Role::Assistant;

} // namespace

TEST(ShownBranch, IsCutWhereTheWordsStand) {
    EXPECT_EQ(shown(turns, request("s", {{U, "q"}})), "<s>(s)</><u> | [q]</><a> | ");
    EXPECT_EQ(shown(turns, request("", {{U, "q"}, {A, "a"}, {U, "r"}})),
              "<u> | [q]</><a> | [a] | </><u>[r]</><a> | ");
    EXPECT_EQ(shown(turns, request("", {{U, "q"}, {A, "a"}})), "<u> | [q]</><a> | [a] | ")
        << "no question yet";
    EXPECT_EQ(shown(turns, request("", {})), "<u> | ");
    EXPECT_EQ(shown(turns, request("", {{U, "q"}, {A, ""}, {U, "r"}})),
              "<u> | [q]</><a> |  | </><u>[r]</><a> | ")
        << "an answer without words";
    EXPECT_EQ(shown(turns, request("", {{U, "q"}, {A, "a"}, {S, "t"}, {U, "r"}})),
              "<u> | [q]</><a> | [a] | </><s>[t]</><u> | [r]</><a> | ")
        << "instructions behind an answer";
    EXPECT_EQ(shown(turns, request("", {{U, "q\xFF<"}})), "<u> | [q\xEF\xBF\xBD<]</><a> | ");
}

TEST(ShownBranch, WhatDependsOnThePlaceIsReadAgain) {
    EXPECT_EQ(shown(strict, request("s", {{U, "q"}})), "<u>(s)// | [q]<a> | ");
    EXPECT_EQ(shown(strict, request("s", {{U, "q"}, {A, "a"}, {U, "r"}})),
              "<u> | [q]<a> | [a] | </><u>(s)//[r]<a> | ");
    const std::string rounds =
        "{% for m in messages %}{% if m.role == 'user' %}[{{ loop.index0 // 2 + 1 }}] {{ m.content }}:"
        "{% else %} {{ m.content }}\n{% endif %}{% endfor %}";
    EXPECT_EQ(shown(rounds, request("", {{U, "q"}, {A, "a"}, {U, "r"}})),
              "[1]  | [q] | : [a] | \n[2] [r] | :");
    const std::string lastThought =
        "{% set n = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'assistant' %}{% set n.last "
        "= loop.index0 %}"
        "{% endif %}{% endfor %}{% for m in messages %}<{{ m.role[0] }}>"
        "{{ m.content if loop.index0 == n.last else m.content.split('</think>')[-1] }}</>{% endfor %}<a>";
    EXPECT_EQ(
        shown(lastThought, request("", {{U, "q"}, {A, "x</think>a"}, {U, "r"}, {A, "y</think>b"}, {U, "t"}})),
        "<u> | [q]</><a> | [a] | </><u>[r]</><a> | [y</think>b] | </><u>[t]</><a> | ");
}

TEST(ShownBranch, WhatIsRefusedIsSaidInAnotherWay) {
    EXPECT_EQ(shown(refusing, request("s", {{U, "q "}})), "<u>(s)(\n\n) | [q]</><a> | ");
    EXPECT_EQ(shown(refusing, request("s", {{U, "q"}, {A, "a"}, {U, "r"}})),
              "<u>(s)(\n\n) | [q]</><a> | [a] | </><u>[r]</><a> | ");
    EXPECT_EQ(shown(refusing, request("", {{U, "q"}, {A, "a"}, {S, "t"}, {U, "r"}})),
              "<u> | [q]</><a> | [a] | </><u>[t](\n\n) | [r]</><a> | ");
    EXPECT_EQ(shown(refusing, request("", {{U, "q"}, {U, "r"}, {A, "a"}, {U, "t"}})),
              "<u> | [q] | (\n\n)[r]</><a> | [a] | </><u>[t]</><a> | ");
    EXPECT_EQ(shown(refusing, request("", {{A, "a"}, {U, "q"}})), "<u> | [a] | </><u>[q]</><a> | ")
        << "an answer to nothing";
    const std::string silent =
        "{% for m in messages if m.role != 'system' %}<{{ m.role[0] }}>{{ m.content }}</>{% endfor %}<a>";
    EXPECT_EQ(shown(silent, request("s", {{U, "q"}})), "<u>(s)(\n\n) | [q]</><a> | ");
    EXPECT_EQ(shown(silent, request("", {{U, "q"}, {A, "a"}, {S, "t"}, {U, "r"}})),
              "<u> | [q]</><a> | [a] | </><u>[t](\n\n) | [r]</><a> | ");
    // Nothing that it takes: the pieces, with every word where it was said.
    const std::string single = "{% if messages | length > 3 or messages[0].content == 'no' %}{{ "
                               "raise_exception('No') }}{% endif %}" +
                               turns;
    EXPECT_EQ(shown(single, request("s", {{U, "no"}, {A, "a"}, {S, "t"}, {U, "r"}, {A, "b"}})),
              "<s>(s)</><u> | [no]</><a> | [a] | </><s>[t]</><u> | [r]</><a> | [b] | ");
}

TEST(ShownBranch, OlderMessagesAreThereThoughNobodyBringsThem) {
    for (const std::string& source : {turns, refusing}) {
        ChatRequest later = request("", {{U, "r"}, {A, "b"}, {U, "t"}});
        later.earlierBytes = 1;
        EXPECT_EQ(shown(source, later), "<u> | </><u>[r]</><a> | [b] | </><u>[t]</><a> | ");
        later.history.erase(later.history.begin());
        EXPECT_EQ(shown(source, later), "<u> | [b] | </><u>[t]</><a> | ");
    }
    ChatRequest later = request("s", {{A, "b"}, {U, "t"}});
    later.earlierBytes = 1;
    EXPECT_EQ(shown(turns, later), "<s>(s)</><u> | [b] | </><u>[t]</><a> | ");
    EXPECT_EQ(shown(refusing, later), "<u>(s)(\n\n) | [b] | </><u>[t]</><a> | ");
}

// Hides thoughts in the history and opens one in front of an answer.
TEST(ShownBranch, ThoughtsLeaveTheHistory) {
    const std::string thinking =
        "{% for m in messages %}{% set c = m.content %}{% if m.role == 'assistant' %}"
        "{% set c = c.split('</think>')[-1].lstrip('\\n') %}{% endif %}<{{ m.role[0] }}>{{ c | trim }}</>{% "
        "endfor %}{{ '<a><think>\\n' }}";
    ChatRequest talk = request("", {{U, " a</think>b"}, {A, "hm\n</think>\n\nYes "}, {U, "r"}});
    EXPECT_EQ(shown(thinking, talk), "<u> | [a</think>b]</><a> | [Yes] | </><u>[r]</><a> | <think>\n")
        << "a person's words are no thought, whatever they look like";
    talk.history.pop_back();
    talk.purpose = engine::Purpose::Continue;
    EXPECT_EQ(shown(thinking, talk), "<u> | [a</think>b]</><a> | <think>\n[hm\n</think>\n\nYes ] | <think>\n")
        << "an answer that goes on stands there as it was written";
}

// gpt-oss: the marks of a channel are control tokens, which are never picked.
const std::string channels = "{% for m in messages %}<|start|>{{ m.role }}{% if m.role == 'assistant' "
                             "%}<|channel|>final{% endif %}<|message|>"
                             "{{ m.content }}<|end|>{% endfor %}<|start|>assistant";

TEST(ShownBranch, AnAnswerBeginsInTheChannelOfAnswers) {
    EXPECT_EQ(shown(channels, request("", {{U, "q"}, {A, "a"}, {U, "r"}})),
              "<|start|>user<|message|> | [q]<|end|><|start|> | assistant<|channel|>final<|message|>[a] | "
              "<|end|><|start|>user<|message|>[r]<|end|><|start|> | assistant<|channel|>final<|message|>");
}

// Its thoughts, too, where the template has a channel for them; in other formats they are words.
TEST(ShownBranch, AThoughtBetweenMarksIsNotInTheHistory) {
    const std::string thinking = channels + "{# <|channel|>analysis<|message|> #}";
    const std::string first = "<|start|>user<|message|> | [q]<|end|><|start|> | ";
    ChatRequest talk = request("", {{U, "q"}, {A, "<think>\nhm\n</think>\n\na"}, {U, "<think>\nr"}});
    EXPECT_EQ(shown(thinking, talk),
              first + "assistant<|channel|>final<|message|>[a] | <|end|><|start|>user<|message|>"
                      "[<think>\nr]<|end|><|start|> | assistant<|channel|>final<|message|>");
    EXPECT_EQ(shown(channels, talk), first +
                                         "assistant<|channel|>final<|message|>[<think>\nhm\n</think>\n\na] | "
                                         "<|end|><|start|>user<|message|>[<think>\nr]<|end|><|start|> | "
                                         "assistant<|channel|>final<|message|>");
    talk.history.pop_back();
    talk.purpose = engine::Purpose::Continue;
    const std::string opening = " | assistant<|channel|>final<|message|>";
    EXPECT_EQ(shown(thinking, talk),
              first +
                  "assistant<|channel|>analysis<|message|>[hm]<|end|><|start|>assistant"
                  "<|channel|>final<|message|>[a]" +
                  opening);
    talk.history.back().text = "<think>\nhm";
    EXPECT_EQ(shown(thinking, talk), first + "assistant<|channel|>analysis<|message|>[hm]" + opening);
    talk.history.back().text = "a<think>\n";
    EXPECT_EQ(shown(thinking, talk), first + "assistant<|channel|>final<|message|>[a<think>\n]" + opening);
}

// What its template refuses is put together from pieces, with the channel round every answer.
TEST(ShownBranch, ChannelsStandInPiecesToo) {
    const std::string refusingAll = "{% if messages | length > 3 %}{{ raise_exception('No') }}{% endif %}" +
                                    channels + "{# <|channel|>analysis<|message|> #}";
    EXPECT_EQ(
        shown(refusingAll,
              request("", {{U, "q"}, {A, "<think>\nhm\n</think>\n\na"}, {U, "r"}, {A, "b"}, {U, "t"}})),
        "<|start|>user<|message|> | [q]<|end|><|start|> | assistant<|channel|>final<|message|>[a] | "
        "<|end|><|start|>user<|message|>[r]<|end|><|start|> | assistant<|channel|>final<|message|>[b] | "
        "<|end|><|start|>user<|message|>[t]<|end|><|start|> | assistant<|channel|>final<|message|>");
}
