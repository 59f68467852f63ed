// SPDX-License-Identifier: Apache-2.0
#include "data/divided_words.h"

#include <algorithm>
#include <array>
#include <string>

#include "data/words.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// What follows a hyphen that stands for the rest of a compound: "Vor- und Nachteile", "pre- and post-war".
constexpr std::array<std::string_view, 14> kLinkWords = {"und", "oder", "bzw", "sowie", "als", "bis", "wie",
                                                         "noch", "and", "or", "to", "nor", "versus", "vs"};

bool IsLower(char32_t code) {
  if (!formats::IsLetter(code)) return false;
  std::string lower;
  formats::AppendLower(lower, code);
  return formats::FirstCodePoint(lower).value == code;
}

uint64_t PairHash(uint64_t first, uint64_t second) { return Mix64(first * 3 + second); }

size_t WordEnd(std::string_view text, size_t at) {
  while (at < text.size() && formats::IsLetter(formats::FirstCodePoint(text.substr(at)).value)) {
    at += formats::FirstCodePoint(text.substr(at)).size;
  }
  return at;
}

size_t WordBegin(std::string_view text, size_t at) {
  while (at > 0) {
    const size_t size = formats::LastCodePointSize(text.substr(0, at));
    if (!formats::IsLetter(formats::FirstCodePoint(text.substr(at - size)).value)) break;
    at -= size;
  }
  return at;
}

}  // namespace

Division DividedWords::At(size_t line_end, size_t next_line) {
  if (line_end < 3 || text_[line_end - 1] != '-') return {};
  const size_t hyphen = line_end - 1;
  const size_t last = hyphen - formats::LastCodePointSize(text_.substr(0, hyphen));
  if (!IsLower(formats::FirstCodePoint(text_.substr(last)).value)) return {};
  size_t next = next_line;
  while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t')) ++next;
  if (next == text_.size()) return {};
  const char32_t following = formats::FirstCodePoint(text_.substr(next)).value;
  if (!formats::IsLetter(following)) return {};
  if (!IsLower(following)) return {DivisionKind::kJoinedWithHyphen, line_end, next};
  const std::string_view second = text_.substr(next, WordEnd(text_, next) - next);
  if (std::find(kLinkWords.begin(), kLinkWords.end(), second) != kLinkWords.end()) return {};
  const size_t first = WordBegin(text_, hyphen);
  if (SpelledWithHyphen(text_.substr(first, hyphen - first), second)) {
    return {DivisionKind::kJoinedWithHyphen, line_end, next};
  }
  return {DivisionKind::kJoined, hyphen, next};
}

bool DividedWords::SpelledWithHyphen(std::string_view first, std::string_view second) {
  if (!hyphenated_) {
    hyphenated_.emplace();
    const std::vector<Word> words = SplitWords(text_);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      const size_t end = words[i].begin + words[i].size;
      if (end + 1 == words[i + 1].begin && text_[end] == '-') hyphenated_->insert(PairHash(words[i].hash, words[i + 1].hash));
    }
  }
  return hyphenated_->contains(PairHash(WordHash(first), WordHash(second)));
}

}  // namespace walchen::data
