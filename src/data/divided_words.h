// SPDX-License-Identifier: Apache-2.0
//
// Words divided at the end of a line: which hyphens the typesetter put there, and which belong to the word.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>

namespace walchen::data {

enum class DivisionKind : uint8_t { kNone, kJoined, kJoinedWithHyphen };

struct Division {
  DivisionKind kind = DivisionKind::kNone;
  size_t begin = 0;  // what goes: with or without the hyphen, the line end, the spaces behind it
  size_t end = 0;
};

// Looks at one text, which must outlive it and stay as it is.
class DividedWords {
 public:
  explicit DividedWords(std::string_view valid) : text_(valid) {}

  // Is the line that ends at `line_end` (without its spaces) divided from the one that begins at `next_line`?
  Division At(size_t line_end, size_t next_line);

 private:
  bool SpelledWithHyphen(std::string_view first, std::string_view second);

  std::string_view text_;
  // Pairs of words with a hyphen between them on one line; collected when the first division asks.
  std::optional<std::unordered_set<uint64_t>> hyphenated_;
};

}  // namespace walchen::data
