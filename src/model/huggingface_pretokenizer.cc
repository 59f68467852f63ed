// SPDX-License-Identifier: Apache-2.0
#include "model/huggingface_pretokenizer.h"

#include <algorithm>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "formats/gguf_pretokenizers.h"
#include "formats/pretokenizer.h"

namespace walchen::model {
namespace {

using formats::CutDigits;
using formats::CutPattern;
using formats::GgufPretokenizer;
using formats::Pattern;
using nlohmann::json;
using nlohmann::ordered_json;

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

Result<std::vector<formats::PretokenizerStep>> ReadCuts(const json& pre_tokenizer) {
  std::vector<formats::PretokenizerStep> cuts;
  for (const json& step : Steps(pre_tokenizer, "pretokenizers")) {
    const std::string type = TypeOf(step);
    if (type == "ByteLevel") {
      if (IsTrue(step, "add_prefix_space", true)) return Unsupported("ByteLevel with add_prefix_space");
      if (IsTrue(step, "use_regex", true)) cuts.emplace_back(CutPattern{Pattern::kGpt2});
    } else if (type == "Digits" && IsTrue(step, "individual_digits", false)) {
      cuts.emplace_back(CutDigits{true});
    } else if (const auto pattern = type == "Split" ? SplitPattern(step) : std::nullopt) {
      cuts.emplace_back(CutPattern{*pattern});
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
  TRY_ASSIGN(const auto cuts, ReadCuts(Child(tokenizer, "pre_tokenizer")));
  const bool ignore_merges = IsTrue(Child(tokenizer, "model"), "ignore_merges", false);
  for (const GgufPretokenizer& kind : formats::GgufPretokenizers()) {
    const bool same = kind.composes == composes && kind.ignore_merges == ignore_merges;
    if (same && std::ranges::equal(kind.cuts, cuts)) return std::string(kind.name);
  }
  return Unsupported(fmt::format("{} cutting steps {} NFC, {} ignore_merges", cuts.size(), composes ? "after" : "without",
                                 ignore_merges ? "with" : "without"));
}

Result<PretokenizerJson> DescribePretokenizer(std::string_view name) {
  const std::span<const GgufPretokenizer> kinds = formats::GgufPretokenizers();
  const auto kind = std::ranges::find(kinds, name, &GgufPretokenizer::name);
  const auto unsupported = [&] {
    return Fail(ErrorCode::kUnsupported, "tokenizer.ggml.pre {}: cannot be written as a tokenizer.json; export the model "
                "as a GGUF file", base::Quoted(name));
  };
  if (kind == kinds.end()) return unsupported();
  PretokenizerJson out{.normalizer = nullptr, .pre_tokenizer = nullptr, .ignore_merges = kind->ignore_merges};
  if (kind->composes) out.normalizer = {{"type", "NFC"}};
  auto steps = ordered_json::array();
  bool byte_level_cuts = false;
  for (const formats::PretokenizerStep& cut : kind->cuts) {
    const auto* pattern = std::get_if<CutPattern>(&cut);
    if (pattern == nullptr) {
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
      continue;
    }
    if (pattern->pattern == Pattern::kGpt2) {
      byte_level_cuts = true;  // ByteLevel brings the expression along
    } else if (formats::CoversEverything(pattern->pattern)) {
      steps.push_back({{"type", "Split"},
                       {"pattern", {{"Regex", formats::ExpressionOf(pattern->pattern)}}},
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
