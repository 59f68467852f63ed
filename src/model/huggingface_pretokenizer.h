// SPDX-License-Identifier: Apache-2.0
//
// How byte-level tokenizers cut a text: what a tokenizer.json spells out as normalizer and pre-tokenizer, a GGUF file says
// with one name, tokenizer.ggml.pre (formats/gguf_pretokenizers.h).
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace walchen::model {

// The name for a byte-level BPE tokenizer.json. kUnsupported if GGUF has none that cuts the same way.
Result<std::string> PretokenizerName(const nlohmann::json& tokenizer);

// What a tokenizer.json says instead of the name.
struct PretokenizerJson {
  nlohmann::ordered_json normalizer;
  nlohmann::ordered_json pre_tokenizer;
  bool ignore_merges = false;
};
// kUnsupported for names whose regular expressions leave gaps between the words (DeepSeek's): what the package makes of
// several of those in a row has not been compared.
Result<PretokenizerJson> DescribePretokenizer(std::string_view name);

}  // namespace walchen::model
