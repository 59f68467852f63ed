// SPDX-License-Identifier: Apache-2.0
//
// How much of a text is said again: runs of words, lines, paragraphs. What QualityMeasures has of that.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "data/words.h"

namespace walchen::data {

// Runs are looked for in so many words from the text's start: enough for any verdict, and the table fits the CPU's cache.
inline constexpr size_t kRepetitionWordsMax = 1 << 17;

// For 2, 3 and 4 words: the share of the bytes that all places of the most frequent run have. Where a bound shows that 3
// and 4 words cannot exceed a share of 0.15, the bound stands there instead.
std::array<double, 3> TopRuns(std::string_view text, std::span<const Word> words);

// For 5 to 10 words: the share of the bytes covered by runs that stood before. A longer run repeats only where a shorter one
// does, so the shares fall; once one is at most 0.1, it stands for the longer ones as well.
std::array<double, 6> RepeatedRuns(std::string_view text, std::span<const Word> words);

struct RepeatedPieces {
  double share = 0;       // of the pieces that are not blank
  double byte_share = 0;  // of their bytes
};

// Pieces are what stands between `separator`s: "\n" for lines, "\n\n" for paragraphs.
RepeatedPieces FindRepeatedPieces(std::string_view text, std::string_view separator);

}  // namespace walchen::data
