// SPDX-License-Identifier: Apache-2.0
//
// Is this prose that a model should learn from? Measures, and bounds on them.
//
// The measures and the bounds of WebQuality() are those of
//   [G] Rae et al., "Scaling Language Models: ... Gopher", 2021, table A1 and section A1.1
//   [C] Raffel et al., "Exploring the Limits of Transfer Learning" (C4), 2020
//   [F] Penedo et al., "The FineWeb Datasets", 2024, section 3.5
// and of our own [W]. DocumentQuality() is for what somebody keeps on purpose, a firm's files or a curated corpus: it only
// refuses what is no text or says one thing over and over.
//
// Pure, thread-safe. Text is valid UTF-8 with \n line ends, as RepairText leaves it.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/words.h"

namespace walchen::data {

inline constexpr int kQualityVersion = 1;

// Shares are of 1. What cannot be measured (a share of no lines) is what lies best within its bounds.
struct QualityMeasures {
  double words = 0;
  double mean_word_letters = 0;    // code points
  double letter_share = 0;         // of all bytes but spaces, those in words with a letter
  double alphabetic_words = 0;     // share of words with a letter
  double symbols_per_word = 0;     // "#" and "…" or "..."
  double replacement_share = 0;    // U+FFFD, of all bytes
  double bullet_lines = 0;         // share of lines that begin with a bullet
  double ellipsis_lines = 0;       // share of lines that end with an ellipsis
  double punctuated_lines = 0;     // share of lines that end a sentence
  double short_lines = 0;          // share of lines under 30 code points
  double duplicate_lines = 0;      // share of lines that stood before
  double duplicate_line_bytes = 0;
  double duplicate_paragraphs = 0;
  double duplicate_paragraph_bytes = 0;
  double stop_words = 0;           // different ones of the language's eight
  double lorem_ipsum = 0;          // how often
  std::array<double, 3> top_runs{};        // bytes of the most frequent run of 2, 3, 4 words, all its places together
  std::array<double, 6> repeated_runs{};   // bytes in runs of 5 to 10 words that stood before; see RepeatedRuns
};

struct Bound {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

struct QualityOptions {
  std::string profile;  // goes into the record of what was applied
  Bound words, mean_word_letters, letter_share, alphabetic_words, symbols_per_word, replacement_share;
  Bound bullet_lines, ellipsis_lines, punctuated_lines, short_lines;
  Bound duplicate_lines, duplicate_line_bytes, duplicate_paragraphs, duplicate_paragraph_bytes;
  Bound stop_words;  // counts only in German and English texts
  Bound lorem_ipsum;
  std::array<Bound, 3> top_runs;
  std::array<Bound, 6> repeated_runs;
};

QualityOptions WebQuality();
QualityOptions DocumentQuality();

struct QualityVerdict {
  bool kept = true;
  // The first bound that was broken, in the order above: "duplicate_lines 0.45 > 0.3". Empty when kept.
  std::string reason;
  std::string measure;  // its name, for counting
  double value = 0;
};

// `words` are SplitWords(text).
QualityMeasures MeasureQuality(std::string_view text, std::span<const Word> words, std::string_view language);

QualityVerdict JudgeQuality(const QualityMeasures& measures, const QualityOptions& options, std::string_view language);

// Every measure with its name, in the order of the struct.
std::vector<std::pair<std::string, double>> NamedMeasures(const QualityMeasures& measures);

}  // namespace walchen::data
