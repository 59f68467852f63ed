// SPDX-License-Identifier: Apache-2.0
#include "formats/chat_template.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace walchen::formats {
namespace {

using Json = nlohmann::ordered_json;

const std::filesystem::path kGolden = std::filesystem::path(WALCHEN_SOURCE_DIR) / "tests" / "golden" / "template";

// 2024-11-21 12:33:47 UTC, the moment scripts/golden/template_vectors.py shows. The golden texts hold dates only, and
// the date is the same everywhere from -12 to +11 hours.
class NoonClock : public base::Clock {
 public:
  int64_t SteadyNs() override { return 0; }
  int64_t WallSeconds() override { return 1'732'192'427; }
};

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json ReadJson(const std::filesystem::path& path) {
  Json json = Json::parse(ReadText(path), nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << path;
  return json;
}

Result<std::string> RenderText(std::string_view source, const Json& variables = Json::object()) {
  static NoonClock clock;
  TRY_ASSIGN(const auto parsed, ChatTemplate::Parse(source, clock));
  return parsed->RenderText(variables);
}

// The text or, in angle brackets, the code of the error.
std::string Outcome(std::string_view source, const Json& variables = Json::object()) {
  const auto text = RenderText(source, variables);
  return text ? *text : "<" + std::string(ErrorCodeName(text.error().code())) + ">";
}

std::string Message(std::string_view source, const Json& variables = Json::object()) {
  const auto text = RenderText(source, variables);
  return text ? "no error" : text.error().message();
}

// The output with what may hold special tokens between [ and ].
std::string Marked(std::string_view source, const Json& variables = Json::object()) {
  const auto parsed = ChatTemplate::Parse(source);
  if (!parsed) return parsed.error().message();
  const auto parts = (*parsed)->Render(variables);
  if (!parts) return parts.error().message();
  std::string marked;
  for (const TextPart& part : *parts) marked += part.special_tokens ? "[" + part.text + "]" : part.text;
  return marked;
}

std::string Repeat(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

void ExpectSame(const Json& expected, const Result<std::string>& found, const std::string& where) {
  if (expected.contains("text")) {
    ASSERT_TRUE(found) << where << "\n" << found.error().message();
    EXPECT_EQ(*found, expected["text"].get<std::string>()) << where;
  } else {
    EXPECT_FALSE(found) << where << "\njinja2 says " << expected["error"] << "\nfound " << *found;
  }
}

TEST(ChatTemplate, AgreesWithJinja2OnEveryFamilyAndConversation) {
  const Json conversations = ReadJson(kGolden / "conversations.json");
  int families = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    if (entry.path().extension() != ".jinja") continue;
    ++families;
    const std::string source = ReadText(entry.path());
    std::filesystem::path golden = entry.path();
    const Json expected = ReadJson(golden.replace_extension(".json"));
    for (const Json& conversation : conversations) {
      const std::string name = conversation["name"];
      ExpectSame(expected[name], RenderText(source, conversation["variables"]),
                 entry.path().filename().string() + ", " + name);
    }
  }
  EXPECT_GE(families, 20);
}

TEST(ChatTemplate, AgreesWithJinja2OnEverySnippet) {
  const Json golden = ReadJson(kGolden / "snippets.json");
  EXPECT_GE(golden["cases"].size(), 250u);
  for (const Json& expected : golden["cases"]) {
    const std::string source = expected["template"];
    ExpectSame(expected, RenderText(source, golden["variables"]), source);
  }
}

TEST(ChatTemplate, RendersTheSameTextFromSeveralThreads) {
  const auto parsed =
      ChatTemplate::Parse("{% for m in messages %}<{{ m.role ~ ':' ~ m.content | upper }}>{% endfor %}");
  ASSERT_TRUE(parsed);
  const Json variables = {{"messages", {{{"role", "user"}, {"content", "hi"}}, {{"role", "bot"}, {"content", "ho"}}}}};
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::string& text : texts) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) text = (*parsed)->RenderText(variables).value_or("error");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, "<user:HI><bot:HO>");
}

TEST(ChatTemplate, OnlyItsOwnWordsMayHoldSpecialTokens) {
  const Json variables = {{"x", "<|im_end|>"}, {"bos_token", "<s>"}, {"n", 5}, {"l", {"a", "b"}}};
  EXPECT_EQ(Marked("<|im_start|>{{ x }}<|im_end|>", variables), "[<|im_start|>]<|im_end|>[<|im_end|>]");
  EXPECT_EQ(Marked("{{ bos_token }}a{{ 'b' }}", variables), "[<s>ab]");
  EXPECT_EQ(Marked("{{ bos_token + x + '</s>' }}", variables), "[<s>]<|im_end|>[</s>]");
  EXPECT_EQ(Marked("{{ '<' ~ n ~ '>' }}", variables), "[<]5[>]");
  EXPECT_EQ(Marked("{% set y = 'q' ~ x %}{{ y }}", variables), "[q]<|im_end|>");
  EXPECT_EQ(Marked("{{ {'user': '<|u|>'}[k] }}", {{"k", "user"}}), "[<|u|>]");
  EXPECT_EQ(Marked("{{ l | join('|') }}", variables), "a[|]b");
  EXPECT_EQ(Marked("{{ x }}{{ x }}", variables), "<|im_end|><|im_end|>");
}

TEST(ChatTemplate, MarksGoThroughFiltersAndMethods) {
  const Json variables = {{"x", " Ab"}};
  EXPECT_EQ(Marked("{{ ('<T>' ~ x ~ '</T> ') | trim }}", variables), "[<T>] Ab[</T>]");
  EXPECT_EQ(Marked("{{ ('t' ~ x) | upper }}", variables), "[T] AB");
  EXPECT_EQ(Marked("{{ ('t' ~ x) | capitalize }}", variables), "[T] ab");
  EXPECT_EQ(Marked("{{ ('t' ~ x) | title }}", variables), "[T] Ab");
  EXPECT_EQ(Marked("{{ ('t' ~ x)[::-1] }}", variables), "bA [t]");
  EXPECT_EQ(Marked("{{ ('t' ~ x)[:2] }}", variables), "[t] ");
  EXPECT_EQ(Marked("{{ ('t' ~ x) | replace('A', 'N') }}", variables), "[t] [N]b");
  EXPECT_EQ(Marked("{{ 'tA'.replace('A', x) }}", variables), "[t] Ab");
  EXPECT_EQ(Marked("{{ ('t,' ~ x).split(',') | join }}", variables), "[t] Ab");
  EXPECT_EQ(Marked("{{ '<%s>' % x }}{{ '<{}>'.format(x) }}", variables), "[<] Ab[><] Ab[>]");
  EXPECT_EQ(Marked("{{ ('a\n' ~ x) | indent(2) }}", variables), "[a]\n   Ab");
  EXPECT_EQ(Marked("{{ ('a' ~ x) * 2 }}", variables), "[a] Ab[a] Ab");
  EXPECT_EQ(Marked("{{ ('<' ~ x) | e }}", variables), "&lt; Ab");
  EXPECT_EQ(Marked("{{ ['t', x] | first }}{{ ('t' ~ x) | list | last }}", variables), "[t]b");
  EXPECT_EQ(Marked("{{ ('t' ~ x).partition(' ')[0] ~ ('t' ~ x).removeprefix('t') }}", variables), "[t] Ab");
}

TEST(ChatTemplate, MarksGoThroughMacrosBlocksAndLoops) {
  const Json variables = {{"x", "u"}, {"d", {{"k", "v"}}}};
  EXPECT_EQ(Marked("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x) }}", variables), "[<]u[>]");
  EXPECT_EQ(Marked("{% set y %}<{{ x }}>{% endset %}{{ y }}", variables), "[<]u[>]");
  EXPECT_EQ(Marked("{% filter upper %}a{{ x }}b{% endfilter %}", variables), "[A]U[B]");
  EXPECT_EQ(Marked("{% for c in 'a' ~ x %}{{ c }}{% endfor %}", variables), "[a]u");
  EXPECT_EQ(Marked("{% for k, v in d | items %}{{ k }}={{ v }}{% endfor %}", variables), "k[=]v");
  EXPECT_EQ(Marked("{% set ns = namespace(t='') %}{% for i in [1, 2] %}{% set ns.t = ns.t ~ 'a' ~ x %}{% endfor %}"
                   "{{ ns.t }}",
                   variables),
            "[a]u[a]u");
}

// What is computed from both counts as the conversation's.
TEST(ChatTemplate, PrintedAndEncodedValuesAreNotTrusted) {
  EXPECT_EQ(Marked("{{ ['<s>'] }}"), "['<s>']");
  EXPECT_EQ(Marked("{{ {'a': '<s>'} | tojson }}"), "{\"a\": \"<s>\"}");
  EXPECT_EQ(Marked("{{ '<s>' | tojson }}"), "\"<s>\"");
  EXPECT_EQ(Marked("{{ 1 + 1 }}{{ none }}"), "2None");
}

TEST(ChatTemplate, WhatIsTrustedIsTheCallersChoice) {
  const auto parsed = ChatTemplate::Parse("{{ a }}{{ bos_token }}");
  ASSERT_TRUE(parsed);
  const auto parts = (*parsed)->Render({{"a", "<a>"}, {"bos_token", "<s>"}}, {"a"});
  ASSERT_TRUE(parts);
  EXPECT_EQ(*parts, (std::vector<TextPart>{{"<a>", true}, {"<s>", false}}));
}

TEST(ChatTemplate, SaysWhereATemplateIsWrong) {
  EXPECT_EQ(Message("a\n  {{ 1 + }}"), "chat template: line 2, column 10: expected an expression, found '}}'");
  EXPECT_EQ(Message("{% if x %}"), "chat template: line 1, column 11: the template ends before 'endif'");
  EXPECT_EQ(Message("\n\n{{ x.y.z }}", {{"x", Json::object()}}),
            "chat template, line 3: 'dict object' has no attribute 'y'");
}

TEST(ChatTemplate, NamesWhatItDoesNotSupport) {
  for (const char* source :
       {"{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{% block x %}{% endblock %}",
        "{% for x in y recursive %}{% endfor %}", "{{ x | nosuch }}", "{{ x is nosuch }}"}) {
    EXPECT_EQ(Outcome(source), "<unsupported>") << source;
  }
  EXPECT_EQ(Message("{{ x | nosuch }}"), "chat template: line 1, column 8: no filter named 'nosuch'");
}

TEST(ChatTemplate, WhatTheTemplateRaisesIsTheMessage) {
  const auto text = RenderText("{{ raise_exception('Roles must alternate: ' ~ r) }}", {{"r", "user"}});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(text.error().message(), "Roles must alternate: user");
}

TEST(ChatTemplate, RefusesVariablesThatAreNoObject) {
  EXPECT_EQ(Outcome("x", Json::array()), "<invalid_argument>");
}

TEST(ChatTemplate, RefusesVariablesNestedTooDeep) {
  Json deep = 1;
  for (int i = 0; i < 100; ++i) deep = Json::array({deep});
  EXPECT_EQ(Outcome("{{ x }}", {{"x", deep}}), "<resource_exhausted>");
  EXPECT_EQ(Outcome("not used", {{"x", deep}}), "not used");
}

TEST(ChatTemplate, NumbersAbove64BitsBecomeFloats) {
  EXPECT_EQ(Outcome("{{ x }}", {{"x", 18'446'744'073'709'551'615ULL}}), "1.8446744073709552e+19");
  EXPECT_EQ(Outcome("{{ x }}", {{"x", 9'223'372'036'854'775'807}}), "9223372036854775807");
}

TEST(ChatTemplate, IntegersThatOverflowAreErrors) {
  for (const char* source : {"{{ 9223372036854775807 + 1 }}", "{{ 2 ** 63 }}", "{{ 9223372036854775807 * 2 }}",
                             "{{ -9223372036854775807 - 2 }}", "{{ 99999999999999999999 }}", "{{ ('9' * 30) | int }}",
                             "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
                             "{{ (-9223372036854775807 - 1) | abs }}", "{{ 1e30 | int }}", "{{ '%d' % 1e30 }}",
                             "{{ 9223372036854775807 | round(-19) }}"}) {
    EXPECT_EQ(Outcome(source), "<corrupt>") << source;
  }
  EXPECT_EQ(Outcome("{{ (-9223372036854775807 - 1) % -1 }}"), "0");
}

TEST(ChatTemplate, TheSmallestIntegerIsNoWidthOfAnything) {
  const Json variables = {{"low", INT64_MIN}};
  EXPECT_EQ(Outcome("{{ 'x'.center(low) ~ 'x'.zfill(low) ~ 'x'.ljust(low) ~ 'x'[low:] }}", variables), "xxxx");
  EXPECT_EQ(Outcome("{{ 'x'.find('x', low) }}{{ 'x' * low }}{{ 'x' * 0 }}{{ '' * 9 }}", variables), "0");
  EXPECT_EQ(Outcome("{{ [1] | batch(low, 0) | list }}{{ [1] | slice(low) | list }}", variables), "[[1]][]");
}

TEST(ChatTemplate, RefusesNestingThatWouldExhaustTheStack) {
  constexpr int kMany = 100'000;
  const std::pair<const char*, const char*> brackets[] = {
      {"(", ")"},     {"[", "]"},  {"{1:", "}"},    {"x[", "]"},   {"x(", ")"},
      {"not (", ")"}, {"-(", ")"}, {"x if (", ")"}, {"x|e(", ")"}, {"x is eq(", ")"}};
  for (const auto& [open, close] : brackets) {
    EXPECT_EQ(Outcome("{{ " + Repeat(open, kMany) + "1" + Repeat(close, kMany) + " }}"), "<too_large>") << open;
  }
  EXPECT_EQ(Outcome("{% for " + Repeat("(", kMany) + "x" + Repeat(")", kMany) + " in y %}{% endfor %}"), "<too_large>");
  EXPECT_EQ(Outcome("{{ x " + Repeat("if y ", kMany) + "}}"), "<too_large>");
  EXPECT_EQ(Outcome("{{ 1 " + Repeat("if 1 else 1 ", 50'000) + "}}"), "<too_large>");
  for (const char* block : {"{% if 1 %}", "{% for x in y %}", "{% macro m() %}", "{% set x %}", "{% call m() %}",
                            "{% filter upper %}", "{% with %}", "{% generation %}"}) {
    EXPECT_EQ(Outcome(Repeat(block, 50'000)), "<too_large>") << block;
  }
}

TEST(ChatTemplate, LongChainsAreNotDeep) {
  constexpr int kMany = 20'000;
  EXPECT_EQ(Outcome("{{ 1" + Repeat(" + 1", kMany) + " }}"), "20001");
  EXPECT_EQ(Outcome("{{ " + Repeat("not ", kMany) + "1 }}"), "True");
  EXPECT_EQ(Outcome("{{ " + Repeat("-", kMany) + "1 }}"), "1");
  EXPECT_EQ(Outcome("{{ 'a'" + Repeat("|upper", kMany) + " }}"), "A");
  EXPECT_EQ(Outcome("{{ 1" + Repeat(" and 1", kMany) + " }}"), "1");
  EXPECT_EQ(Outcome("{% if 0 %}" + Repeat("{% elif 0 %}", kMany) + "{% else %}x{% endif %}"), "x");
  EXPECT_EQ(Outcome("{{ 'a'" + Repeat(" ~ 'b'", kMany) + "}}").size(), static_cast<size_t>(kMany) + 1);
}

TEST(ChatTemplate, RefusesATemplateThatIsTooLong) {
  EXPECT_EQ(Outcome(Repeat("x", 1 << 20)).size(), size_t{1} << 20);
  EXPECT_EQ(Outcome(Repeat("x", (1 << 20) + 1)), "<too_large>");
}

TEST(ChatTemplate, EndlessProgramsRunOutOfSteps) {
  for (const char* source :
       {"{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{% for x in range(9) %}{{ m() }}{% endfor %}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% macro m() %}{% call m() %}{% endcall %}{{ caller }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{{ range(99999) | map('string') | map('length') | map('string') | list | sort | unique | list | length * 0 }}"
        "{% for a in range(9999) %}{{ range(99999) | sum }}{% endfor %}"}) {
    EXPECT_EQ(Outcome(source), "<resource_exhausted>") << source;
  }
}

TEST(ChatTemplate, HugeValuesAreRefusedBeforeTheyAreMade) {
  for (const std::string& source : std::vector<std::string>{
        "{{ 'a' * 10 ** 12 }}", "{{ [1] * 10 ** 12 }}", "{{ range(10 ** 12) }}", "{{ range(0 - 10 ** 18, 10 ** 18) }}",
        "{{ 'x' | indent(10 ** 12, true) }}", "{{ 'x' | center(10 ** 12) }}", "{{ 'x'.ljust(10 ** 12) }}",
        "{{ 'x'.zfill(10 ** 12) }}", "{{ '%999999999999d' % 1 }}", "{{ '{:999999999999}'.format(1) }}",
        "{{ '%.99999f' % 1 }}", "{{ [1] | tojson(indent=10 ** 12) }}", "{{ [1] | batch(10 ** 12, 0) | list }}",
        "{{ [1] | slice(10 ** 12) | list }}", "{{ ('a' * 60000000) ~ ('a' * 60000000) }}",
        "{{ ('a' * 10000).replace('', 'b' * 10000) }}", "{{ (['a' * 10000] * 10000) | join }}",
        "{% set ns = namespace(s='aaaa') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% for i in range(9) %}{{ 'a' * 9999999 }}{% endfor %}", "{{ [0] * 10 ** 9 }}",
        "{% for i in range(9999) %}" + Repeat("text", 2'000) + "{% endfor %}",
        "{% set a = 'a' * 60000000 %}{% for i in range(9) %}{% set b = a | upper %}{% endfor %}"}) {
    EXPECT_EQ(Outcome(source), "<resource_exhausted>") << source;
  }
}

TEST(ChatTemplate, ValuesNestedByALoopDoNotExhaustTheStack) {
  const std::string nest =
      "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}";
  EXPECT_EQ(Outcome(nest + "ok"), "ok");
  EXPECT_EQ(Outcome(nest + "{{ ns.x }}"), "<resource_exhausted>");
  EXPECT_EQ(Outcome(nest + "{{ ns.x | tojson }}"), "<resource_exhausted>");
  EXPECT_EQ(Outcome(nest + "{% set y = ns.x %}" + nest + "{{ ns.x == y }}"), "<resource_exhausted>");
  EXPECT_EQ(Outcome(nest + "{% set y = ns.x %}" + nest + "{{ [ns.x, y] | sort }}"), "<resource_exhausted>");
  EXPECT_EQ(Outcome(nest + "{{ {(1, ns.x): 1} }}"), "<corrupt>");
  EXPECT_EQ(Outcome("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}"), "<resource_exhausted>");
}

TEST(ChatTemplate, ALoopOrCallerThatIsKeptIsHarmless) {
  EXPECT_EQ(Outcome("{% set ns = namespace() %}{% for x in [1, 2, 3] if x > k %}{% set ns.l = loop %}{% break %}"
                    "{% endfor %}{{ ns.l.last }}{{ ns.l.nextitem }}{{ ns.l.index }}",
                    {{"k", 1}}),
            "True1");
  EXPECT_EQ(Outcome("{% set ns = namespace() %}{% macro m() %}{% set ns.c = caller %}{% endmacro %}"
                    "{% for x in [7] %}{% call m() %}{{ x }}{% endcall %}{% endfor %}{{ ns.c() }}"),
            "7");
  EXPECT_EQ(Outcome("{% set ns = namespace() %}{% for x in [7] %}{% macro m() %}{{ x }}{% endmacro %}{% set ns.m = m %}"
                    "{% endfor %}{{ ns.m() }}"),
            "7");
}

TEST(ChatTemplate, NearMissesCostLinearTime) {
  // Each of these is quadratic with a naive search.
  const std::string a(1 << 20, 'a');
  const Json variables = {{"a", a}, {"needle", a.substr(0, 1 << 19) + "b"}, {"chars", a + "b"}};
  EXPECT_EQ(Outcome("{{ a.find(needle) }} {{ a.rfind(needle) }} {{ needle in a }} {{ a.count(needle) }}", variables),
            "-1 -1 False 0");
  EXPECT_EQ(Outcome("{{ a.replace(needle, '') | length }} {{ a.strip(chars) | length }} {{ a.split(needle) | length }}",
                    variables),
            "1048576 0 1");
}

TEST(ChatTemplate, GrowingATextInALoopIsLinear) {
  Json messages = Json::array();
  for (int i = 0; i < 1'000; ++i) messages.push_back({{"role", "user"}, {"content", std::string(10'000, 'x')}});
  const std::string text = Outcome(
      "{% set ns = namespace(t='') %}{% for m in messages %}{% set ns.t = ns.t + '<u>' + m.content | trim %}"
      "{% endfor %}{{ ns.t }}",
      {{"messages", messages}});
  EXPECT_EQ(text.size(), 10'003'000u);
}

TEST(ChatTemplate, RendersTenThousandMessages) {
  Json messages = Json::array();
  for (int i = 0; i < 10'000; ++i) messages.push_back({{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", "Hi"}});
  const std::string text =
      Outcome(ReadText(kGolden / "qwen3.jinja"), {{"messages", messages}, {"add_generation_prompt", true}});
  EXPECT_GT(text.size(), 300'000u) << text;
}

TEST(ChatTemplate, BrokenUtf8GoesThroughUnchanged) {
  const Json variables = {{"x", "a\xff\xc3(\xe2\x82 b\xf0\x9f"}};
  EXPECT_EQ(Outcome("{{ x }}", variables), "a\xff\xc3(\xe2\x82 b\xf0\x9f");
  EXPECT_EQ(Outcome("{{ x | length }} {{ x[1:3] }} {{ x | upper }}", variables),
            "10 \xff\xc3 A\xff\xc3(\xe2\x82 B\xf0\x9f");
  EXPECT_EQ(Outcome("{{ [x] }}", {{"x", "\xff"}}), "['\\udcff']");
}

TEST(ChatTemplate, TheTemplatesOwnNamesWinOverItsVariablesOnlyWhenSet) {
  EXPECT_EQ(Outcome("{{ range }}{% set range = 2 %}{{ range }}", {{"range", 1}}), "12");
  EXPECT_EQ(Outcome("{{ loop is defined }}{{ caller is defined }}"), "FalseFalse");
}

}  // namespace
}  // namespace walchen::formats
