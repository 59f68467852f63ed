// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/limits.h"
#include "formats/tokenizer_json.h"
#include "formats/tokenizer_vocabulary.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

using nlohmann::json;

tl::unexpected<Error> Unsupported(std::string_view where, std::string_view what) {
  return Fail(ErrorCode::kUnsupported, "tokenizer.json: {}: {} is not supported", where, what);
}

struct TextOrRegex {
  std::string value;
  bool regex = false;
};

// {"String": "x"} or {"Regex": "x"}
Result<TextOrRegex> PatternMember(const json& step, std::string_view where) {
  const json* pattern = Member(step, "pattern");
  if (pattern != nullptr && pattern->is_object()) {
    for (const bool regex : {false, true}) {
      TRY_ASSIGN(auto text, TextMember(*pattern, regex ? "Regex" : "String", where));
      if (text && !regex && text->size() > static_cast<size_t>(base::kTokenizerPatternMaxBytes)) {
        return Fail(ErrorCode::kTooLarge, "tokenizer.json: {}: expected a pattern of at most {} bytes, found {}", where,
                    base::kTokenizerPatternMaxBytes, text->size());
      }
      if (text) return TextOrRegex{*std::move(text), regex};
    }
  }
  return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}: expected a pattern with \"String\" or \"Regex\"", where);
}

Result<NormalizerStep> ReadReplace(const json& step) {
  constexpr std::string_view kWhere = "normalizer Replace";
  TRY_ASSIGN(TextOrRegex pattern, PatternMember(step, kWhere));
  TRY_ASSIGN(auto content, TextMember(step, "content", kWhere));
  if (!pattern.regex) return NormalizerStep(ReplaceText{std::move(pattern.value), content.value_or("")});
  if (pattern.value == " {2,}") return NormalizerStep(CollapseSpaces{content.value_or("")});
  return Unsupported(kWhere, fmt::format("the regular expression {}", base::Quoted(pattern.value)));
}

Result<NormalizerStep> ReadBertNormalizer(const json& step) {
  constexpr std::string_view kWhere = "normalizer BertNormalizer";
  TRY_ASSIGN(const bool clean, BoolMember(step, "clean_text", true, kWhere));
  TRY_ASSIGN(const bool chinese, BoolMember(step, "handle_chinese_chars", true, kWhere));
  TRY_ASSIGN(const bool lowercase, BoolMember(step, "lowercase", true, kWhere));
  TRY_ASSIGN(const bool strip, BoolMember(step, "strip_accents", lowercase, kWhere));
  return NormalizerStep(BertCleanup{clean, chinese, strip, lowercase});
}

Result<NormalizerStep> ReadNormalizerStep(const json& step) {
  TRY_ASSIGN(const std::string type, TypeOf(step, "normalizer"));
  if (type == "NFC") return NormalizerStep(ComposeNfc{});
  if (type == "NFD") return NormalizerStep(DecomposeNfd{});
  if (type == "Lowercase") return NormalizerStep(LowerCase{});
  if (type == "StripAccents") return NormalizerStep(StripAccents{});
  if (type == "BertNormalizer") return ReadBertNormalizer(step);
  if (type == "Replace") return ReadReplace(step);
  if (type == "Prepend") {
    TRY_ASSIGN(auto prefix, TextMember(step, "prepend", "normalizer Prepend"));
    return NormalizerStep(Prepend{prefix.value_or("")});
  }
  if (type == "Strip") {
    TRY_ASSIGN(const bool left, BoolMember(step, "strip_left", true, "normalizer Strip"));
    TRY_ASSIGN(const bool right, BoolMember(step, "strip_right", true, "normalizer Strip"));
    return NormalizerStep(StripSpace{left, right});
  }
  return Unsupported("normalizer", base::Quoted(type));
}

Result<PretokenizerStep> ReadSplit(const json& step) {
  constexpr std::string_view kWhere = "pre_tokenizer Split";
  TRY_ASSIGN(TextOrRegex pattern, PatternMember(step, kWhere));
  TRY_ASSIGN(const auto behavior, TextMember(step, "behavior", kWhere));
  TRY_ASSIGN(const bool invert, BoolMember(step, "invert", false, kWhere));
  const std::string name = behavior.value_or("");
  if (pattern.regex) {
    const std::optional<Pattern> known = PatternOf(pattern.value);
    if (!known) return Unsupported(kWhere, fmt::format("the regular expression {}", base::Quoted(pattern.value, 1000)));
    const bool isolated = name == "Isolated" && !invert;
    const bool matches_only = name == "Removed" && invert && CoversEverything(*known);
    if (isolated || matches_only) return PretokenizerStep(CutPattern{*known});
  } else if (!invert && !pattern.value.empty()) {
    constexpr std::pair<std::string_view, CutText::Behavior> kBehaviors[] = {
        {"Removed", CutText::kRemoved},
        {"Isolated", CutText::kIsolated},
        {"MergedWithPrevious", CutText::kMergedWithPrevious},
        {"MergedWithNext", CutText::kMergedWithNext}};
    for (const auto& [key, value] : kBehaviors) {
      if (key == name) return PretokenizerStep(CutText{std::move(pattern.value), value});
    }
  }
  return Unsupported(kWhere, fmt::format("behavior {} with invert {}", base::Quoted(name), invert));
}

// The prefix scheme; files older than 2024 have add_prefix_space instead.
Result<Metaspace> ReadMetaspace(const json& step, std::string_view where) {
  Metaspace metaspace;
  TRY_ASSIGN(const auto replacement, TextMember(step, "replacement", where));
  TRY_ASSIGN(const auto scheme, TextMember(step, "prepend_scheme", where));
  TRY_ASSIGN(const bool add_prefix, BoolMember(step, "add_prefix_space", true, where));
  TRY_ASSIGN(metaspace.split, BoolMember(step, "split", true, where));
  metaspace.replacement = replacement.value_or("\u2581");
  const std::string name = add_prefix ? scheme.value_or("always") : "never";
  metaspace.prefix = name == "always" ? Metaspace::kAlways : name == "first" ? Metaspace::kFirst : Metaspace::kNever;
  const std::string& mark = metaspace.replacement;
  if (mark.empty() || FirstCodePoint(mark).size != mark.size() || mark == " ") {
    return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}: expected a replacement that is one character and no space, "
                "found {}", where, base::Quoted(mark));
  }
  return metaspace;
}

Result<void> ReadByteLevel(const json& step, JsonPretokenizer& out) {
  constexpr std::string_view kWhere = "pre_tokenizer ByteLevel";
  TRY_ASSIGN(const bool prefix, BoolMember(step, "add_prefix_space", true, kWhere));
  TRY_ASSIGN(const bool regex, BoolMember(step, "use_regex", true, kWhere));
  if (prefix) out.steps.emplace_back(PrefixSpace{});
  if (regex) out.steps.emplace_back(CutPattern{Pattern::kGpt2});
  out.byte_level = true;
  return {};
}

Result<void> ReadPretokenizerStep(const json& step, JsonPretokenizer& out) {
  TRY_ASSIGN(const std::string type, TypeOf(step, "pre_tokenizer"));
  if (out.byte_level) return Unsupported("pre_tokenizer", base::Quoted(type) + " after ByteLevel");
  if (type == "ByteLevel") return ReadByteLevel(step, out);
  if (type == "Split") {
    TRY_ASSIGN(PretokenizerStep split, ReadSplit(step));
    out.steps.push_back(std::move(split));
  } else if (type == "Digits") {
    TRY_ASSIGN(const bool individual, BoolMember(step, "individual_digits", false, "pre_tokenizer Digits"));
    out.steps.emplace_back(CutDigits{individual});
  } else if (type == "Metaspace") {
    TRY_ASSIGN(Metaspace metaspace, ReadMetaspace(step, "pre_tokenizer Metaspace"));
    out.steps.emplace_back(std::move(metaspace));
  } else if (type == "BertPreTokenizer") {
    out.steps.emplace_back(CutWords{CutWords::kBert});
  } else if (type == "Whitespace") {
    out.steps.emplace_back(CutWords{CutWords::kWordOrSigns});
  } else if (type == "WhitespaceSplit") {
    out.steps.emplace_back(CutWords{CutWords::kWhitespace});
  } else if (type == "Punctuation") {
    TRY_ASSIGN(const auto behavior, TextMember(step, "behavior", "pre_tokenizer Punctuation"));
    if (behavior.value_or("Isolated") != "Isolated") return Unsupported("pre_tokenizer Punctuation", *behavior);
    out.steps.emplace_back(CutWords{CutWords::kPunctuation});
  } else {
    return Unsupported("pre_tokenizer", base::Quoted(type));
  }
  return {};
}

Result<void> ReadDecoderStep(const json& step, JsonDecoder& out) {
  constexpr std::string_view kWhere = "decoder";
  TRY_ASSIGN(const std::string type, TypeOf(step, kWhere));
  if (type == "ByteLevel") {
    out.byte_level = true;
  } else if (type == "ByteFallback") {
    out.byte_fallback = true;
  } else if (type == "Metaspace") {
    TRY_ASSIGN(const Metaspace metaspace, ReadMetaspace(step, "decoder Metaspace"));
    out.replacements.push_back({metaspace.replacement, " "});
    out.drops_first_space = metaspace.prefix != Metaspace::kNever;
  } else if (type == "WordPiece") {
    TRY_ASSIGN(const auto prefix, TextMember(step, "prefix", "decoder WordPiece"));
    TRY_ASSIGN(out.clean_up, BoolMember(step, "cleanup", true, "decoder WordPiece"));
    out.continuing_prefix = prefix.value_or("##");
    out.drops_first_space = true;
  } else if (type == "Replace") {
    TRY_ASSIGN(TextOrRegex pattern, PatternMember(step, "decoder Replace"));
    TRY_ASSIGN(const auto content, TextMember(step, "content", "decoder Replace"));
    if (pattern.regex) return Unsupported("decoder Replace", "a regular expression");
    out.replacements.push_back({std::move(pattern.value), content.value_or("")});
  } else if (type == "Strip") {
    TRY_ASSIGN(const auto content, TextMember(step, "content", "decoder Strip"));
    out.drops_first_space = content.value_or(" ") == " ";
  } else if (type != "Fuse") {
    return Unsupported(kWhere, base::Quoted(type));
  }
  return {};
}

// The product of the steps' growths, bounded after every step.
class Growth {
 public:
  explicit Growth(std::string_view where) : where_(where) {}

  Result<void> Add(double factor) {
    ++steps_;
    product_ *= factor;
    if (product_ <= static_cast<double>(base::kTokenizerMaxGrowth)) return {};
    return Fail(ErrorCode::kTooLarge,
                "tokenizer.json: {}: expected steps that make a text at most {} times as long, found that the first {} "
                "can make it {:.1f} times as long", where_, base::kTokenizerMaxGrowth, steps_, product_);
  }

 private:
  std::string_view where_;
  int steps_ = 0;
  double product_ = 1;
};

// What the package's WordPiece decoder does to each token, in its order.
std::string CleanUp(std::string text) {
  static const std::vector<NormalizerStep> steps = {
      ReplaceText{" .", "."},     ReplaceText{" ?", "?"},     ReplaceText{" !", "!"},   ReplaceText{" ,", ","},
      ReplaceText{" ' ", "'"},    ReplaceText{" n't", "n't"}, ReplaceText{" 'm", "'m"}, ReplaceText{" do not", " don't"},
      ReplaceText{" 's", "'s"},   ReplaceText{" 've", "'ve"}, ReplaceText{" 're", "'re"}};
  return Normalize(steps, std::move(text));
}

}  // namespace

const json* Member(const json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::optional<std::string>> TextMember(const json& object, std::string_view name, std::string_view where) {
  const json* member = Member(object, name);
  if (member == nullptr) return std::optional<std::string>();
  if (!member->is_string()) return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}: expected a text for {}", where, name);
  return std::optional(member->get<std::string>());
}

Result<bool> BoolMember(const json& object, std::string_view name, bool missing, std::string_view where) {
  const json* member = Member(object, name);
  if (member == nullptr) return missing;
  if (!member->is_boolean()) {
    return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}: expected true or false for {}", where, name);
  }
  return member->get<bool>();
}

Result<std::string> TypeOf(const json& object, std::string_view where) {
  TRY_ASSIGN(auto type, TextMember(object, "type", where));
  if (!type) return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}: expected an object with a type", where);
  return *std::move(type);
}

Result<std::vector<const json*>> FlattenSteps(const json& step, std::string_view list, std::string_view where) {
  std::vector<const json*> flat;
  std::vector<const json*> waiting{&step};  // the next one at the back
  while (!waiting.empty()) {
    const json* next = waiting.back();
    waiting.pop_back();
    TRY_ASSIGN(const std::string type, TypeOf(*next, where));
    if (type != "Sequence") {
      flat.push_back(next);
    } else {
      const json* members = Member(*next, list);
      if (members == nullptr || !members->is_array()) {
        return Fail(ErrorCode::kCorrupt, "tokenizer.json: {}: expected a Sequence with a list \"{}\"", where, list);
      }
      for (auto member = members->rbegin(); member != members->rend(); ++member) waiting.push_back(&*member);
    }
    if (flat.size() + waiting.size() > static_cast<size_t>(base::kTokenizerMaxSteps)) {
      return Fail(ErrorCode::kTooLarge, "tokenizer.json: {}: more than {} steps", where, base::kTokenizerMaxSteps);
    }
  }
  return flat;
}

Result<std::vector<NormalizerStep>> ReadNormalizer(const json& normalizer) {
  TRY_ASSIGN(const auto steps, FlattenSteps(normalizer, "normalizers", "normalizer"));
  std::vector<NormalizerStep> out;
  for (const json* step : steps) {
    TRY_ASSIGN(NormalizerStep read, ReadNormalizerStep(*step));
    out.push_back(std::move(read));
  }
  return out;
}

Result<JsonPretokenizer> ReadPretokenizer(const json& pretokenizer) {
  TRY_ASSIGN(const auto steps, FlattenSteps(pretokenizer, "pretokenizers", "pre_tokenizer"));
  JsonPretokenizer out;
  for (const json* step : steps) TRY(ReadPretokenizerStep(*step, out));
  return out;
}

Result<JsonDecoder> ReadDecoder(const json& decoder) {
  TRY_ASSIGN(const auto steps, FlattenSteps(decoder, "decoders", "decoder"));
  JsonDecoder out;
  for (const json* step : steps) TRY(ReadDecoderStep(*step, out));
  return out;
}

Result<void> CheckGrowth(std::span<const NormalizerStep> normalizer, std::span<const PretokenizerStep> pretokenizer) {
  Growth growth("normalizer and pre_tokenizer");
  for (const NormalizerStep& step : normalizer) TRY(growth.Add(WorstGrowth(step)));
  for (const PretokenizerStep& step : pretokenizer) TRY(growth.Add(WorstGrowth(step)));
  return {};
}

Result<void> CheckGrowth(const JsonDecoder& decoder) {
  Growth growth("decoder");
  if (decoder.continuing_prefix) TRY(growth.Add(2));  // a space in front of a token of one byte
  for (const ReplaceText& replacement : decoder.replacements) TRY(growth.Add(WorstGrowth(NormalizerStep(replacement))));
  return {};
}

std::string JsonDecoder::BytesOf(std::string_view spelling) const {
  if (byte_level) return BytesOfGpt2Spelling(spelling);
  if (byte_fallback) {
    if (const auto byte = ByteOfSpelling(spelling)) return std::string(1, *byte);
  }
  std::string text(spelling);
  if (continuing_prefix) {
    text = text.starts_with(*continuing_prefix) ? text.substr(continuing_prefix->size()) : " " + text;
  }
  for (const ReplaceText& replacement : replacements) {
    const NormalizerStep step = replacement;
    text = Normalize(std::span(&step, 1), std::move(text));
  }
  return clean_up ? CleanUp(std::move(text)) : text;
}

}  // namespace walchen::formats
