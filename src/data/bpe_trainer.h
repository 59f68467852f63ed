// SPDX-License-Identifier: Apache-2.0
//
// Learns a byte-level BPE from text (Sennrich et al. 2016; on bytes: Radford et al. 2019, "GPT-2").
//
// Merges equal those of the Python package `tokenizers` for the same text: ByteLevel behind Digits(individual_digits=True), all
// 256 bytes as initial alphabet. Ties go to the pair of lower ids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/huggingface_tokenizer.h"

namespace walchen::data {

struct Bpe {
  // By id: the special tokens' names, the 256 bytes in the order of their GPT-2 spellings, then what was merged.
  std::vector<std::string> tokens;
  std::vector<std::pair<int32_t, int32_t>> merges;  // in the order in which they are applied
};

// Not thread-safe.
class BpeTrainer {
 public:
  // Text that is cut into words and counted; valid UTF-8. Words are never cut across calls: give whole documents or lines.
  // Errors: kTooLarge (more distinct words than kBpeMaxWords).
  Result<void> Add(std::string_view text);
  uint64_t distinct_words() const { return counts_.size(); }
  // Errors: kInvalidArgument (`vocabulary` too small for the bytes and special tokens). Fewer tokens come out where the text
  // has no pair that occurs `least_count` times. No token is longer than a tokenizer may have (kTokenMaxBytes).
  Result<Bpe> Train(const std::vector<std::string>& special_tokens, int vocabulary, uint64_t least_count = 2) const;

 private:
  std::unordered_map<std::string, uint64_t> counts_;
};

// The special tokens of a tokenizer of our own: end of text, and the turns of a conversation (ChatML).
std::vector<std::string> OwnSpecialTokens();
// The tokenizer.* keys of a model file for a Bpe with OwnSpecialTokens.
model::GgufKeys TokenizerKeys(const Bpe& bpe);

}  // namespace walchen::data
