// SPDX-License-Identifier: Apache-2.0
//
// Cutting a text into the words that a tokenizer's model then splits into tokens.
//
// A pre-tokenizer is a list of steps; each cuts every piece that the step before left, as the Python package `tokenizers`
// does. The regular expressions of the known families are scanners over code points here: one pass, linear time, no
// backtracking. All texts must be valid UTF-8. Thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace walchen::formats {

// A text and the pieces of it that count, in order and not overlapping; what lies between them is dropped.
struct Pieces {
  struct Span {
    size_t begin = 0, end = 0;
  };
  std::string text;
  std::vector<Span> spans;

  // All of `text` as one piece; none if it is empty.
  static Pieces Whole(std::string text);
  std::string_view operator[](size_t i) const {
    return std::string_view(text).substr(spans[i].begin, spans[i].end - spans[i].begin);
  }
};

// Regular expressions with hand-written scanners. The comment is the expression.
enum class Pattern {
  kGpt2,               // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  kLlama3,             // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
                       // |\s*[\r\n]+|\s+(?!\S)|\s+
  kQwen2,              // as kLlama3 with \p{N} alone
  kNumbersUpTo3,       // \p{N}{1,3}
  kLineBreak,          // [\r\n]
  kChineseJapanese,    // [一-龥぀-ゟ゠-ヿ]+
  kDeepSeek3,          // [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
                       // |\s*[\r\n]+|\s+(?!\S)|\s+
  kDeepSeekLetters,    // \s?[A-Za-zµÀ-ÖØ-öø-ƺ...]+  (an explicit list, see pretokenizer_patterns.cc)
  kDeepSeekSigns,      // \s?[!-/:-~！-／：-～‘-‟　-。]+
  kTrailingSpace,      // \s+$
  kEastAsian,          // [一-龥ࠀ-一가-퟿]+
  kSpaceLetters,       // \s?\p{L}+
  kSpacePunctuation,   // \s?\p{P}+
};

// The pattern of a regular expression as tokenizer.json files spell it; nothing for an unknown one.
std::optional<Pattern> PatternOf(std::string_view expression);
// The usual one of them.
std::string ExpressionOf(Pattern pattern);
// Whether it matches any text from start to end without gaps.
bool CoversEverything(Pattern pattern);
// Appends the matches of `pattern` in `piece`, and the gaps between them, shifted by `base`.
void CutByPattern(Pattern pattern, std::string_view piece, size_t base, std::vector<Pieces::Span>& out);

struct CutPattern {
  Pattern pattern;
  bool operator==(const CutPattern&) const = default;
};
struct CutDigits {
  bool individual;  // each digit alone, else runs of them
  bool operator==(const CutDigits&) const = default;
};
struct CutWords {
  enum Kind {
    kWhitespace,   // drops white space
    kWordOrSigns,  // \w+|[^\w\s]+, drops the rest
    kBert,         // drops white space, each punctuation character alone
    kPunctuation,  // each punctuation character alone
  } kind;
  bool operator==(const CutWords&) const = default;
};
// A space in front of every piece that does not begin with one.
struct PrefixSpace {
  bool operator==(const PrefixSpace&) const = default;
};
// Spaces become `replacement` (one character), which starts a new piece if `split`; where `prefix` says so, one is put in front.
struct Metaspace {
  enum Prefix { kNever, kFirst, kAlways };
  std::string replacement;
  Prefix prefix = kAlways;
  bool split = true;
  bool operator==(const Metaspace&) const = default;
};
// Before every U+2581 that follows another character.
struct CutSpaceMarks {
  bool operator==(const CutSpaceMarks&) const = default;
};
// A fixed text, and what becomes of it.
struct CutText {
  enum Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext };
  std::string text;
  Behavior behavior = kIsolated;
  bool operator==(const CutText&) const = default;
};
using PretokenizerStep =
    std::variant<CutPattern, CutDigits, CutWords, CutText, PrefixSpace, Metaspace, CutSpaceMarks>;

// `at_start`: the text is the beginning of what the user said (Metaspace::kFirst).
Pieces PreTokenize(std::span<const PretokenizerStep> steps, std::string text, bool at_start);

// How many times as long as its input, in bytes, the step's text can be at most.
double WorstGrowth(const PretokenizerStep& step);

}  // namespace walchen::formats
