// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_pretokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "formats/pretokenizer.h"

namespace walchen::model {
namespace {

using formats::Pattern;
using nlohmann::json;
using nlohmann::ordered_json;

// One step that cuts: a regular expression, or every digit alone.
struct Cut {
  bool digits = false;
  Pattern pattern = Pattern::kGpt2;  // without digits
  bool operator==(const Cut&) const = default;
};
constexpr Cut kDigits = {.digits = true};

constexpr Cut kGpt2Cuts[] = {{.pattern = Pattern::kGpt2}};
constexpr Cut kSmolLmCuts[] = {kDigits, {.pattern = Pattern::kGpt2}};
constexpr Cut kLlama3Cuts[] = {{.pattern = Pattern::kLlama3}};
constexpr Cut kQwen2Cuts[] = {{.pattern = Pattern::kQwen2}};
constexpr Cut kDeepSeekCuts[] = {{.pattern = Pattern::kLineBreak},       {.pattern = Pattern::kDeepSeekLetters},
                                 {.pattern = Pattern::kDeepSeekSigns},   {.pattern = Pattern::kTrailingSpace},
                                 {.pattern = Pattern::kEastAsian},       kDigits};
constexpr Cut kDeepSeekCoderCuts[] = {{.pattern = Pattern::kLineBreak},        {.pattern = Pattern::kSpaceLetters},
                                      {.pattern = Pattern::kSpacePunctuation}, {.pattern = Pattern::kEastAsian},
                                      kDigits};
constexpr Cut kDeepSeek3Cuts[] = {{.pattern = Pattern::kNumbersUpTo3}, {.pattern = Pattern::kChineseJapanese},
                                  {.pattern = Pattern::kDeepSeek3}};

struct Kind {
  std::string_view name;
  bool composes;  // NFC first
  bool ignore_merges;
  std::span<const Cut> cuts;
};
// Of several names for one kind the first is written.
constexpr std::array kKinds = {
    Kind{"gpt-2", false, false, kGpt2Cuts},
    Kind{"gpt2", false, false, kGpt2Cuts},
    Kind{"phi-2", false, false, kGpt2Cuts},
    Kind{"smollm", false, false, kSmolLmCuts},
    Kind{"starcoder", false, false, kSmolLmCuts},
    Kind{"refact", false, false, kSmolLmCuts},
    Kind{"llama-bpe", false, true, kLlama3Cuts},
    Kind{"llama3", false, true, kLlama3Cuts},
    Kind{"llama-v3", false, true, kLlama3Cuts},
    Kind{"qwen2", true, false, kQwen2Cuts},
    Kind{"deepseek-r1-qwen", false, false, kQwen2Cuts},
    Kind{"stablelm2", false, false, kQwen2Cuts},
    Kind{"deepseek-llm", false, false, kDeepSeekCuts},
    Kind{"deepseek-coder", false, false, kDeepSeekCoderCuts},
    Kind{"deepseek-v3", false, false, kDeepSeek3Cuts},
};

struct Expression {
  Pattern pattern;
  std::string_view text;
};
// kGpt2 has none: ByteLevel brings it along.
constexpr Expression kExpressions[] = {
    {Pattern::kLlama3,
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {Pattern::kQwen2,
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
};

tl::unexpected<Error> Unsupported(std::string_view what) {
  return Fail(ErrorCode::kUnsupported, "tokenizer.json: {}: GGUF has no name for a tokenizer that does this", what);
}

// Null where there is no such member.
const json& Child(const json& object, std::string_view key) {
  static const json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string TypeOf(const json& step) {
  const auto type = step.is_object() ? step.find("type") : step.end();
  return type != step.end() && type->is_string() ? type->get<std::string>() : "";
}

bool IsTrue(const json& step, std::string_view key, bool missing) {
  const auto value = step.find(key);
  return value == step.end() || !value->is_boolean() ? missing : value->get<bool>();
}

// {"pattern": {"Regex": "..."}, "behavior": "Isolated", "invert": false}. Removing what does not match (invert) is the same
// where the expression leaves no gaps.
std::optional<Pattern> SplitPattern(const json& step) {
  const auto pattern = step.find("pattern");
  if (pattern == step.end() || !pattern->is_object()) return std::nullopt;
  const auto regex = pattern->find("Regex");
  if (regex == pattern->end() || !regex->is_string()) return std::nullopt;
  const std::optional<Pattern> known = formats::PatternOf(regex->get<std::string>());
  const auto behavior = step.find("behavior");
  const bool isolates = behavior != step.end() && *behavior == "Isolated";
  const bool removes = behavior != step.end() && *behavior == "Removed";
  const bool inverts = IsTrue(step, "invert", false);
  if (!known || !((isolates && !inverts) || (removes && inverts && formats::CoversEverything(*known)))) {
    return std::nullopt;
  }
  return known;
}

// The steps of a "Sequence", or the one step.
std::span<const json> Steps(const json& step, std::string_view list) {
  if (TypeOf(step) != "Sequence") return {&step, 1};
  const auto found = step.find(list);
  if (found == step.end() || !found->is_array() || found->empty()) return {};
  return {&found->front(), found->size()};
}

Result<std::vector<Cut>> ReadCuts(const json& pre_tokenizer) {
  std::vector<Cut> cuts;
  for (const json& step : Steps(pre_tokenizer, "pretokenizers")) {
    const std::string type = TypeOf(step);
    if (type == "ByteLevel") {
      if (IsTrue(step, "add_prefix_space", true)) return Unsupported("ByteLevel with add_prefix_space");
      if (IsTrue(step, "use_regex", true)) cuts.push_back({.pattern = Pattern::kGpt2});
    } else if (type == "Digits" && IsTrue(step, "individual_digits", false)) {
      cuts.push_back(kDigits);
    } else if (const auto pattern = type == "Split" ? SplitPattern(step) : std::nullopt) {
      cuts.push_back({.pattern = *pattern});
    } else {
      return Unsupported(fmt::format("pre-tokenizer {}", base::Quoted(type)));
    }
  }
  return cuts;
}

}  // namespace

Result<std::string> PretokenizerName(const json& tokenizer) {
  const json& normalizer = Child(tokenizer, "normalizer");
  bool composes = false;
  if (!normalizer.is_null()) {
    for (const json& step : Steps(normalizer, "normalizers")) {
      if (TypeOf(step) != "NFC") return Unsupported(fmt::format("normalizer {}", base::Quoted(TypeOf(step))));
      composes = true;
    }
  }
  TRY_ASSIGN(const std::vector<Cut> cuts, ReadCuts(Child(tokenizer, "pre_tokenizer")));
  const bool ignore_merges = IsTrue(Child(tokenizer, "model"), "ignore_merges", false);
  for (const Kind& kind : kKinds) {
    const bool same = kind.composes == composes && kind.ignore_merges == ignore_merges;
    if (same && std::ranges::equal(kind.cuts, cuts)) return std::string(kind.name);
  }
  return Unsupported(fmt::format("{} cutting steps {} NFC, {} ignore_merges", cuts.size(), composes ? "after" : "without",
                                 ignore_merges ? "with" : "without"));
}

Result<PretokenizerJson> DescribePretokenizer(std::string_view name) {
  const auto kind = std::ranges::find(kKinds, name, &Kind::name);
  const auto unsupported = [&] {
    return Fail(ErrorCode::kUnsupported, "tokenizer.ggml.pre {}: cannot be written as a tokenizer.json; export the model "
                "as a GGUF file", base::Quoted(name));
  };
  if (kind == kKinds.end()) return unsupported();
  PretokenizerJson out{.normalizer = nullptr, .pre_tokenizer = nullptr, .ignore_merges = kind->ignore_merges};
  if (kind->composes) out.normalizer = {{"type", "NFC"}};
  auto steps = ordered_json::array();
  bool byte_level_cuts = false;
  for (const Cut& cut : kind->cuts) {
    const auto expression = std::ranges::find(kExpressions, cut.pattern, &Expression::pattern);
    if (cut.digits) {
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
    } else if (cut.pattern == Pattern::kGpt2) {
      byte_level_cuts = true;
    } else if (expression != std::end(kExpressions)) {
      steps.push_back({{"type", "Split"},
                       {"pattern", {{"Regex", expression->text}}},
                       {"behavior", "Isolated"},
                       {"invert", false}});
    } else {
      return unsupported();
    }
  }
  steps.push_back({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true},
                   {"use_regex", byte_level_cuts}});
  out.pre_tokenizer = {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
  return out;
}

}  // namespace walchen::model
