// SPDX-License-Identifier: Apache-2.0
//
// Makes the text of any document plain: valid UTF-8 in NFC, lines that end in \n, no characters that nobody sees.
//
//   encoding    bytes that are no UTF-8 are read as Windows-1252 where it knows them, else become U+FFFD
//   mojibake    UTF-8 that somebody read as Latin-1 or Windows-1252 ("fÃ¼r", "â€œ") is read again, also when it happened twice
//   characters  control characters, soft hyphens, zero-width spaces, byte-order and direction marks go; CR, CRLF, NEL, LS,
//               PS, VT and FF become \n; spaces of all widths become U+0020; the ligatures U+FB00 to U+FB06 their letters
//   composition Unicode's canonical composition
//   lines       spaces at line ends and more than `blank_lines_max` blank lines go; a word divided at a line end is joined:
//               without the hyphen, or with it where a capital follows or the text spells the word with a hyphen
//               elsewhere; "Vor-\nund Nachteile" stays
//
// What stands inside a line, tables and indentation, is left alone. Every change is kept in `places`. Linear in the text but
// for runs of combining marks, which are sorted. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/place_map.h"

namespace walchen::data {

inline constexpr int kTextRepairVersion = 1;

struct RepairOptions {
  bool mojibake = true;
  bool join_divided_words = true;
  uint32_t blank_lines_max = 1;
};

// How often something was changed.
struct RepairCounts {
  uint32_t invalid_bytes = 0;
  uint32_t mojibake = 0;
  uint32_t characters = 0;
  uint32_t compositions = 0;
  uint32_t divided_words = 0;
  uint32_t line_spaces = 0;  // with blank lines

  bool operator==(const RepairCounts&) const = default;
};

struct RepairedText {
  std::string text;
  PlaceMap places;  // from `text` to the bytes given
  RepairCounts counts;
};

// `bytes` are at most base::kCleanTextMaxBytes long (a CHECK: FilterDocument refuses longer ones).
RepairedText RepairText(std::string_view bytes, const RepairOptions& options = {});

}  // namespace walchen::data
