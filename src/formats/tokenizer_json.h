// SPDX-License-Identifier: Apache-2.0
//
// Reading a Hugging Face tokenizer.json: what its parts have in common. Library-internal.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "formats/pretokenizer.h"
#include "formats/tokenizer_normalizer.h"

namespace walchen::formats {

// A member of a JSON object, or null if there is none or it is null.
const nlohmann::json* Member(const nlohmann::json& object, std::string_view name);

// Members that may be missing; another type is kCorrupt and names `where`.
Result<std::optional<std::string>> TextMember(const nlohmann::json& object, std::string_view name,
                                              std::string_view where);
Result<bool> BoolMember(const nlohmann::json& object, std::string_view name, bool missing, std::string_view where);
Result<std::string> TypeOf(const nlohmann::json& object, std::string_view where);

// "Sequence" steps flattened, in order, without recursion; `list` is the member that holds a sequence's steps.
// Errors: kCorrupt, kTooLarge (kTokenizerMaxSteps).
Result<std::vector<const nlohmann::json*>> FlattenSteps(const nlohmann::json& step, std::string_view list,
                                                        std::string_view where);

struct JsonPretokenizer {
  std::vector<PretokenizerStep> steps;
  bool byte_level = false;  // the model's words are bytes in GPT-2's alphabet
};

// How token spellings become text.
struct JsonDecoder {
  bool byte_level = false;
  bool byte_fallback = false;
  bool drops_first_space = false;
  std::vector<ReplaceText> replacements = {};     // in every token
  std::optional<std::string> continuing_prefix = std::nullopt;  // WordPiece: tokens without it begin with a space
  bool clean_up = false;                          // WordPiece: " ." becomes "."

  std::string BytesOf(std::string_view spelling) const;
};

// Errors: kCorrupt; kUnsupported names the step, or the regular expression that has no scanner.
Result<std::vector<NormalizerStep>> ReadNormalizer(const nlohmann::json& normalizer);
Result<JsonPretokenizer> ReadPretokenizer(const nlohmann::json& pretokenizer);
Result<JsonDecoder> ReadDecoder(const nlohmann::json& decoder);

// Steps multiply: 64 that each double a text would make 2^64 of one byte.
// Errors: kTooLarge if all of them in a row can make a text more than kTokenizerMaxGrowth times as long.
Result<void> CheckGrowth(std::span<const NormalizerStep> normalizer, std::span<const PretokenizerStep> pretokenizer);
Result<void> CheckGrowth(const JsonDecoder& decoder);

}  // namespace walchen::formats
