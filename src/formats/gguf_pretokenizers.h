// SPDX-License-Identifier: Apache-2.0
//
// What the names of tokenizer.ggml.pre mean: how the byte-level tokenizers of the known families cut a text. One table
// for those who read such a model file and those who translate between it and a tokenizer.json.
// The names: llama.cpp's convert_hf_to_gguf_update.py; what they stand for: the tokenizer.json of the models they were
// made from.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/pretokenizer.h"
#include "formats/tokenizer_normalizer.h"

namespace walchen::formats {

struct GgufPretokenizer {
  std::string_view name;
  bool composes = false;  // NFC first
  std::vector<PretokenizerStep> cuts = {};
  bool ignore_merges = false;
  bool adds_bos = false;  // where the file does not say

  std::vector<NormalizerStep> Normalizer() const {
    return composes ? std::vector<NormalizerStep>{ComposeNfc{}} : std::vector<NormalizerStep>{};
  }
};

// Of several names for one kind the usual one comes first. The cuts are CutPattern and CutDigits{true} only.
std::span<const GgufPretokenizer> GgufPretokenizers();

}  // namespace walchen::formats
