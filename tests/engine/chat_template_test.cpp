#include "engine/chat_format.h"
#include "engine/chat_template.h"
#include "engine/error.h"

#include <gtest/gtest.h>

using engine::ChatFormat;
using engine::ChatMessage;
using engine::ChatTemplate;
using engine::RenderedPiece;
using engine::Role;

namespace {

// Thursday, 5 November 2026, 13:04:09
std::tm someDay() {
    std::tm day = {};
    day.tm_year = 126;
    day.tm_mon = 10;
    day.tm_mday = 5;
    day.tm_hour = 13;
    day.tm_min = 4;
    day.tm_wday = 4;
    return day;
}

std::vector<RenderedPiece> render(const std::string& source, const std::vector<ChatMessage>& messages = {}) {
    engine::TemplateSetting setting{.beginToken = "<bos>", .endToken = "<eos>", .now = someDay()};
    return ChatTemplate(source, setting).render(messages, ChatTemplate::Ending::GenerationPrompt);
}

std::string text(const std::string& source, const std::vector<ChatMessage>& messages = {}) {
    return engine::joined(render(source, messages));
}

std::string failure(const std::string& source, const std::vector<ChatMessage>& messages = {}) {
    try {
        return "no failure: " + text(source, messages);
    } catch (const engine::Error& error) {
        return error.what();
    }
}

/// What a template wrote itself; words of messages as dots.
std::string own(const std::vector<RenderedPiece>& pieces) {
    std::string result;
    for (const RenderedPiece& piece : pieces)
        result +=
            piece.message == RenderedPiece::templates ? piece.text : std::string(piece.text.size(), '.');
    return result;
}

// Hides thoughts in the history and opens one in front of an answer.
const char* const thinking =
    "{%- for m in messages %}{%- set content = m.content %}"
    "{%- if m.role == 'assistant' and '</think>' in content %}{%- set content = "
    "content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}"
    "{{- '<|im_start|>' + m.role + '\\n' + content | trim + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}";

} // namespace

// Each of them is what jinja2 renders; whole templates are compared by tests/scripts/test_templates.py.
TEST(ChatTemplate, ExpressionsAreThoseOfJinja) {
    const std::pair<const char*, const char*> cases[] = {
        {"{{ 1 + 2 * 3 - -1 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }}",
         "8 3 -4 2 3.5 1024"},
        {"{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'b' not in 'abc' }} {{ 2 in [1, 2] }}", "True False False True"},
        {"{{ 'a' ~ 1 ~ none ~ true }}{{ missing }}", "a1NoneTrue"},
        {"{{ 'x' if false }}|{{ 'x' if 0 else 'y' }}|{{ missing or 'z' }}", "|y|z"},
        {"{{ 'h\xC3\xA9llo'[1:3] }} {{ 'h\xC3\xA9llo'[::-1] }} {{ 'h\xC3\xA9llo' | length }}",
         "\xC3\xA9l oll\xC3\xA9h 5"},
        {"{{ [1, 'a', {'b': none}] }} {{ {'k': (1,)} }}", "[1, 'a', {'b': None}] {'k': (1,)}"},
        {"{{ {'a': [1, true], 'b': 'q\"\\u00e9'} | tojson }}",
         "{\"a\": [1, true], \"b\": \"q\\\"\xC3\xA9\"}"},
        {"{{ ' a b  c '.split() }}{{ 'a,b,c'.split(',', 1) }}", "['a', 'b', 'c']['a', 'b,c']"},
        {"{{ 'xxaxx'.strip('x') }}{{ '\xE3\x80\x80 a\xC2\xA0' | trim }}|", "aa|"},
        {"{{ [3, 1, 2] | sort | join('-') }} {{ ['b', 'A'] | sort | first }}", "1-2-3 A"},
        {"{{ 'abc' is string and 1 is number and {} is mapping and none is none and x is not defined }}",
         "True"},
        {"{% set ns = namespace(n=0) %}{% for i in range(4) if i is odd %}{% set ns.n = ns.n + i %}"
         "{{ loop.index }}{{ loop.last }}{% endfor %}{{ ns.n }}",
         "1False2True4"},
        {"{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% else %}none{% endfor %}", "a1"},
        {"{% macro m(a, b='!') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}{{ m(b='y', a='z') }}", "x!zy"},
        {"  {% if true %}\n  a\n  {%- endif +%}\n b {#- c #}\n{% raw %}{{ r }}{% endraw %}",
         "  a\n b{{ r }}"},
        {"{{ strftime_now('%d %B %Y, %A') }} {{ strftime_now('%-d %b %y') }}",
         "05 November 2026, Thursday 5 Nov 26"},
        {"{{ bos_token + eos_token }}", "<bos><eos>"},
    };
    for (const auto& [source, expected] : cases)
        EXPECT_EQ(text(source), expected) << source;
}

TEST(ChatTemplate, WordsStayThoseOfWhoWroteThem) {
    const std::vector<ChatMessage> messages = {{0, Role::User, " <|im_end|>a<|im_end|> "}};
    const std::pair<const char*, const char*> cases[] = {
        {"<|im_start|>{{ messages[0].content }}<|im_end|>", "<|im_start|>.......................<|im_end|>"},
        {"[{{ messages[0].content | trim | upper }}]", "[.....................]"},
        {"{{ 'x' + messages[0].content[1:3] + 'y' }}", "x..y"},
        {"{{ messages[0].content.replace('a', '<|im_end|>') }}", "...........<|im_end|>..........."},
        {"{{ messages[0].content.split('a') | join('<|im_end|>') }}", "...........<|im_end|>..........."},
        {"{% set s %}<{{ messages[0].content | trim }}>{% endset %}{{ s }}", "<.....................>"},
        {"{{ messages[0].content | trim | tojson }}", "\".....................\""},
        {"{% macro m(t) %}({{ t }}){% endmacro %}{{ m(messages[0].content | trim | list | last) }}", "(.)"},
        {"{{ '%s|{}' | replace('%s', messages[0].content[1]) }}{{ '<{}>'.format(messages[0].content[1]) }}",
         ".|{}<.>"},
    };
    for (const auto& [source, expected] : cases)
        EXPECT_EQ(own(render(source, messages)), expected) << source;
    const auto pieces = render("{{ '-' ~ messages[0].content.strip()[10:] }}", messages);
    ASSERT_EQ(pieces.size(), 2u);
    EXPECT_EQ(pieces[1].message, 0);
    EXPECT_EQ(pieces[1].offset, 11u);
}

TEST(ChatTemplate, WhatIsNotKnownIsNamedWithItsLine) {
    EXPECT_NE(failure("a\n{% include 'x' %}").find("{% include %} is not known (line 2)"), std::string::npos);
    EXPECT_NE(failure("{{ 'a' | wobble }}").find("the filter \"wobble\" is not known (line 1)"),
              std::string::npos);
    EXPECT_NE(failure("{{ 'a' is wobbly }}").find("the test \"wobbly\" is not known"), std::string::npos);
    EXPECT_NE(failure("{{ open('/etc/passwd') }}").find("the function \"open\" is not known"),
              std::string::npos);
    EXPECT_NE(failure("{{ ''.__class__.__mro__ }}").find("undefined"), std::string::npos);
    EXPECT_NE(failure("{% if true %}").find("there is no {% endif %}"), std::string::npos);
    EXPECT_NE(failure("{{ raise_exception('Not like this') }}").find("Not like this"), std::string::npos);
}

TEST(ChatTemplate, EndsWhateverItDoes) {
    const std::string hostile[] = {
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% "
        "endfor %}{% endfor %}",
        "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ "
        "ns.l }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ 'x' * 99999999999 }}",
        "{{ 'a' | indent(99999999999) }}{{ ('aaaa' * 100000) | replace('a', 'b' * 100000) }}",
        "{{ range(10 ** 18) }}",
        "{{ " + std::string(100000, '(') + "1" + std::string(100000, ')') + " }}",
        "{{ " + std::string(100000, '-') + "1 }}",
        "{{ x" + std::string(50000, '~') + " }}",
        std::string(300000, ' '),
    };
    for (const std::string& source : hostile)
        EXPECT_TRUE(failure(source).starts_with("The chat template")) << source.substr(0, 60);
}

TEST(ChatTemplate, AStopEndsIt) {
    std::stop_source stop;
    stop.request_stop();
    const ChatTemplate endless(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", {});
    try {
        endless.render({}, ChatTemplate::Ending::None, stop.get_token());
        FAIL();
    } catch (const engine::Error& error) {
        EXPECT_NE(std::string(error.what()).find("stopped"), std::string::npos) << error.what();
    }
    EXPECT_NE(
        ChatFormat::fromTemplate("{{ messages[0].content }}", {}, stop.get_token()).trouble.find("stopped"),
        std::string::npos);
}

TEST(ChatTemplate, IsCutIntoPieces) {
    const ChatFormat format =
        ChatFormat::fromTemplate("{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|>' + m.content "
                                 "| trim + '<|end|>' }}{% endfor %}"
                                 "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
                                 {.beginToken = "<s>"});
    ASSERT_TRUE(format.source) << format.trouble;
    EXPECT_EQ(format.open, "<s><|system|>");
    EXPECT_EQ(format.afterSystem, "<|end|><|user|>");
    EXPECT_EQ(format.openWithoutSystem, "<s><|user|>");
    EXPECT_EQ(format.beforeAnswer, "<|end|><|assistant|>");
    EXPECT_EQ(format.opening, "");
    EXPECT_EQ(format.endOfTurn, "<|end|>");
    EXPECT_EQ(format.afterAnswer, "<|user|>");
    EXPECT_EQ(format.openInside(), "<|system|>");
    EXPECT_EQ(format.betweenTurns(), "");
}

TEST(ChatTemplate, WhatOpensAThoughtIsNoPartOfTheTurn) {
    const ChatFormat format = ChatFormat::fromTemplate(thinking);
    ASSERT_TRUE(format.source) << format.trouble;
    EXPECT_EQ(format.beforeAnswer, "<|im_end|>\n<|im_start|>assistant\n");
    EXPECT_EQ(format.opening, "<think>\n");
}

TEST(ChatTemplate, AFamilyStandsInForWhatCannotBeRun) {
    const ChatFormat format = ChatFormat::fromTemplate("{% include 'x' %}{{ '<|im_start|>' }}");
    EXPECT_EQ(format.name, "ChatML");
    EXPECT_FALSE(format.source);
    EXPECT_NE(format.trouble.find("{% include %} is not known"), std::string::npos);
    EXPECT_EQ(ChatFormat::fromTemplate("").trouble, "");
    const ChatFormat hides = ChatFormat::fromTemplate("{{ messages | length }} messages");
    EXPECT_FALSE(hides.source);
    EXPECT_FALSE(hides.trouble.empty());
}
