// SPDX-License-Identifier: Apache-2.0
//
// What a tokenizer does to a text before it cuts it into words, one step after the other. Named and behaving as in the
// Python package `tokenizers`. Texts are valid UTF-8 and stay so. Thread-safe, linear time.
#pragma once

#include <span>
#include <string>
#include <variant>

namespace walchen::formats {

struct ComposeNfc {};
struct DecomposeNfd {};
struct LowerCase {};
struct StripAccents {};
struct Prepend {  // not to an empty text
  std::string prefix;
};
struct ReplaceText {
  std::string from, to;
};
struct CollapseSpaces {  // runs of two and more spaces (the expression " {2,}")
  std::string to;
};
struct StripSpace {
  bool left, right;
};
struct BertCleanup {
  bool clean_text;      // removes control characters, turns white space into spaces
  bool chinese_chars;   // puts spaces around ideographs
  bool strip_accents;
  bool lowercase;
};
using NormalizerStep = std::variant<ComposeNfc, DecomposeNfd, LowerCase, StripAccents, Prepend, ReplaceText,
                                    CollapseSpaces, StripSpace, BertCleanup>;

std::string Normalize(std::span<const NormalizerStep> steps, std::string text);

// How many times as long as a text, in bytes, the step's result can be at most.
double WorstGrowth(const NormalizerStep& step);

}  // namespace walchen::formats
