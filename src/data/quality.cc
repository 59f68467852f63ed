// SPDX-License-Identifier: Apache-2.0
#include "data/quality.h"

#include <algorithm>
#include <bitset>
#include <cstring>

#include <fmt/core.h>

#include "data/phrases.h"
#include "data/repetition.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// Gopher's eight for English [G]; the eight most frequent German words that no English text has, except "die" and "war".
constexpr std::array<std::string_view, 8> kEnglishStopWords = {"the", "be", "to", "of", "and", "that", "have", "with"};
constexpr std::array<std::string_view, 8> kGermanStopWords = {"der", "die", "und", "das", "nicht", "mit", "ein", "ist"};

constexpr size_t kShortLine = 30;  // code points [F]

// Eight bytes at a time: a continuation byte has its highest bit and not the next one.
size_t CodePoints(std::string_view valid) {
  constexpr uint64_t kOnes = 0x0101010101010101ull;
  size_t continuations = 0, at = 0;
  for (; at + 8 <= valid.size(); at += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, valid.data() + at, sizeof(bytes));
    continuations += (((bytes >> 7) & (~bytes >> 6) & kOnes) * kOnes) >> 56;
  }
  for (; at < valid.size(); ++at) continuations += (static_cast<uint8_t>(valid[at]) & 0xC0) == 0x80;
  return valid.size() - continuations;
}

bool HasLetter(std::string_view word) {
  const char first = static_cast<char>(word[0] | 0x20);
  if (first >= 'a' && first <= 'z') return true;
  for (size_t at = 0; at < word.size();) {
    const formats::CodePoint point = formats::FirstCodePoint(word.substr(at));
    if (formats::IsLetter(point.value)) return true;
    at += point.size;
  }
  return false;
}

size_t CountOf(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

double Share(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What stands between words, a fifth of a text, has all blanks and signs of it.
struct BetweenWords {
  size_t blanks = 0, hashes = 0, code_points = 0;

  void Add(std::string_view gap) {
    for (const char c : gap) {
      blanks += c == ' ' || c == '\n' || c == '\t';
      hashes += c == '#';
      code_points += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
    }
  }
};

void MeasureWords(std::string_view text, std::span<const Word> words, QualityMeasures& measures) {
  size_t with_letter = 0, letter_bytes = 0, last_end = 0;
  BetweenWords between;
  for (const Word& word : words) {
    between.Add({text.data() + last_end, word.begin - last_end});
    last_end = size_t{word.begin} + word.size;
    if (!HasLetter({text.data() + word.begin, word.size})) continue;
    ++with_letter;
    letter_bytes += word.size;
  }
  between.Add(text.substr(last_end));
  const size_t symbols = between.hashes + CountOf(text, "...") + CountOf(text, "\xE2\x80\xA6");
  measures.words = static_cast<double>(words.size());
  measures.mean_word_letters = Share(CodePoints(text) - between.code_points, words.size());
  measures.letter_share = Share(letter_bytes, text.size() - between.blanks);
  measures.alphabetic_words = Share(with_letter, words.size());
  measures.symbols_per_word = words.empty() ? static_cast<double>(symbols) : Share(symbols, words.size());
  measures.replacement_share = Share(3 * CountOf(text, "\xEF\xBF\xBD"), text.size());
}

bool IsBullet(std::string_view line) {
  switch (line[0]) {
    case '-':
    case '*':
    case '+': return line.size() > 1 && line[1] == ' ';
    case '\xE2':
      return line.starts_with("\xE2\x80\xA2") || line.starts_with("\xE2\x97\x8F") || line.starts_with("\xE2\x96\xAA") ||
             line.starts_with("\xE2\x80\x93 ");
    case '\xC2': return line.starts_with("\xC2\xB7");
    default: return false;
  }
}

bool EndsWithEllipsis(std::string_view line) { return line.ends_with("...") || line.ends_with("\xE2\x80\xA6"); }

bool EndsSentence(std::string_view line) {
  switch (line.back()) {
    case '.':
    case '!':
    case '?':
    case ':':
    case ';':
    case '"': return true;
    case ')': return line.ends_with(".)");
    case '\x9C':
    case '\x9D': return line.ends_with("\xE2\x80\x9C") || line.ends_with("\xE2\x80\x9D");
    case '\xAB':
    case '\xBB': return line.ends_with("\xC2\xAB") || line.ends_with("\xC2\xBB");
    default: return false;
  }
}

void MeasureLines(std::string_view text, QualityMeasures& measures) {
  size_t lines = 0, bullets = 0, ellipses = 0, punctuated = 0, shorts = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t first = line.find_first_not_of(" \t");
    if (first == line.npos) continue;
    line.remove_prefix(first);
    ++lines;
    bullets += IsBullet(line);
    const bool ellipsis = EndsWithEllipsis(line);
    ellipses += ellipsis;
    punctuated += !ellipsis && EndsSentence(line);
    shorts += line.size() < kShortLine || (line.size() < 4 * kShortLine && CodePoints(line) < kShortLine);
  }
  measures.bullet_lines = Share(bullets, lines);
  measures.ellipsis_lines = Share(ellipses, lines);
  measures.punctuated_lines = lines == 0 ? 1 : Share(punctuated, lines);
  measures.short_lines = Share(shorts, lines);
}

class StopWords {
 public:
  explicit StopWords(std::span<const std::string_view, 8> words) {
    for (size_t i = 0; i < words.size(); ++i) {
      hashes_[i] = WordHash(words[i]);
      may_be_.set(hashes_[i] % kFilterBits);
    }
  }

  size_t CountDifferent(std::span<const Word> words) const {
    std::bitset<8> found;
    for (const Word& word : words) {
      if (!may_be_.test(word.hash % kFilterBits)) continue;
      const auto* number = std::find(hashes_.begin(), hashes_.end(), word.hash);
      if (number == hashes_.end()) continue;
      found.set(static_cast<size_t>(number - hashes_.begin()));
      if (found.all()) break;
    }
    return found.count();
  }

 private:
  static constexpr size_t kFilterBits = 4096;
  std::array<uint64_t, 8> hashes_{};
  std::bitset<kFilterBits> may_be_;
};

// 8 where the language has no list.
double CountStopWords(std::span<const Word> words, std::string_view language) {
  static const StopWords kEnglish(kEnglishStopWords);
  static const StopWords kGerman(kGermanStopWords);
  if (language == "de") return static_cast<double>(kGerman.CountDifferent(words));
  if (language == "en") return static_cast<double>(kEnglish.CountDifferent(words));
  return kEnglishStopWords.size();
}

double CountLoremIpsum(std::span<const Word> words) {
  static constexpr std::array<std::string_view, 1> kPhrases = {"lorem ipsum"};
  static const PhraseSet kLorem(kPhrases);
  size_t count = 0;
  for (size_t i = 0; i < words.size(); ++i) count += kLorem.MatchAt(words.subspan(i)) > 0;
  return static_cast<double>(count);
}

struct Measure {
  std::string_view name;
  double QualityMeasures::*value;
  Bound QualityOptions::*bound;
};

constexpr std::array<Measure, 16> kMeasures = {{
    {"words", &QualityMeasures::words, &QualityOptions::words},
    {"mean_word_letters", &QualityMeasures::mean_word_letters, &QualityOptions::mean_word_letters},
    {"letter_share", &QualityMeasures::letter_share, &QualityOptions::letter_share},
    {"alphabetic_words", &QualityMeasures::alphabetic_words, &QualityOptions::alphabetic_words},
    {"symbols_per_word", &QualityMeasures::symbols_per_word, &QualityOptions::symbols_per_word},
    {"replacement_share", &QualityMeasures::replacement_share, &QualityOptions::replacement_share},
    {"bullet_lines", &QualityMeasures::bullet_lines, &QualityOptions::bullet_lines},
    {"ellipsis_lines", &QualityMeasures::ellipsis_lines, &QualityOptions::ellipsis_lines},
    {"punctuated_lines", &QualityMeasures::punctuated_lines, &QualityOptions::punctuated_lines},
    {"short_lines", &QualityMeasures::short_lines, &QualityOptions::short_lines},
    {"duplicate_lines", &QualityMeasures::duplicate_lines, &QualityOptions::duplicate_lines},
    {"duplicate_line_bytes", &QualityMeasures::duplicate_line_bytes, &QualityOptions::duplicate_line_bytes},
    {"duplicate_paragraphs", &QualityMeasures::duplicate_paragraphs, &QualityOptions::duplicate_paragraphs},
    {"duplicate_paragraph_bytes", &QualityMeasures::duplicate_paragraph_bytes, &QualityOptions::duplicate_paragraph_bytes},
    {"stop_words", &QualityMeasures::stop_words, &QualityOptions::stop_words},
    {"lorem_ipsum", &QualityMeasures::lorem_ipsum, &QualityOptions::lorem_ipsum},
}};

// Says so in `verdict` if the bound is broken and nothing was before.
void Judge(std::string_view name, double value, const Bound& bound, QualityVerdict& verdict) {
  if (!verdict.kept || (value >= bound.min && value <= bound.max)) return;
  const bool low = value < bound.min;
  verdict.kept = false;
  verdict.reason = fmt::format("{} {:.4g} {} {:.4g}", name, value, low ? "<" : ">", low ? bound.min : bound.max);
  verdict.measure = name;
  verdict.value = value;
}

}  // namespace

QualityOptions WebQuality() {
  QualityOptions options = DocumentQuality();
  options.profile = "web";
  options.words = {.min = 50, .max = 100'000};             // [G]
  options.mean_word_letters = {.min = 3, .max = 10};       // [G]
  options.alphabetic_words = {.min = 0.8};                 // [G]
  options.symbols_per_word = {.max = 0.1};                 // [G]
  options.bullet_lines = {.max = 0.9};                     // [G]
  options.ellipsis_lines = {.max = 0.3};                   // [G]
  options.punctuated_lines = {.min = 0.12};                // [F]
  options.short_lines = {.max = 0.67};                     // [F]
  options.duplicate_lines = {.max = 0.3};                  // [G], and below
  options.duplicate_line_bytes = {.max = 0.1};             // [F]; [G] has 0.2
  options.duplicate_paragraphs = {.max = 0.3};
  options.duplicate_paragraph_bytes = {.max = 0.2};
  options.stop_words = {.min = 2};
  options.lorem_ipsum = {.max = 0};                        // [C]
  options.top_runs = {Bound{.max = 0.20}, Bound{.max = 0.18}, Bound{.max = 0.16}};
  options.repeated_runs = {Bound{.max = 0.15}, Bound{.max = 0.14}, Bound{.max = 0.13},
                           Bound{.max = 0.12}, Bound{.max = 0.11}, Bound{.max = 0.10}};
  return options;
}

QualityOptions DocumentQuality() {
  QualityOptions options;
  options.profile = "document";
  // [W] A note of three words is a note. Forms and tables have few letters, part lists repeat their words; encoded data,
  // hex dumps and a page that was printed a hundred times do so much more.
  options.words = {.min = 3};
  options.mean_word_letters = {.max = 25};
  options.letter_share = {.min = 0.25};
  options.replacement_share = {.max = 0.03};
  options.duplicate_line_bytes = {.max = 0.8};
  options.repeated_runs[5] = {.max = 0.8};
  return options;
}

QualityMeasures MeasureQuality(std::string_view text, std::span<const Word> words, std::string_view language) {
  QualityMeasures measures;
  MeasureWords(text, words, measures);
  MeasureLines(text, measures);
  const RepeatedPieces lines = FindRepeatedPieces(text, "\n");
  const RepeatedPieces paragraphs = FindRepeatedPieces(text, "\n\n");
  measures.duplicate_lines = lines.share;
  measures.duplicate_line_bytes = lines.byte_share;
  measures.duplicate_paragraphs = paragraphs.share;
  measures.duplicate_paragraph_bytes = paragraphs.byte_share;
  measures.stop_words = CountStopWords(words, language);
  measures.lorem_ipsum = CountLoremIpsum(words);
  measures.top_runs = TopRuns(text, words);
  measures.repeated_runs = RepeatedRuns(text, words);
  return measures;
}

QualityVerdict JudgeQuality(const QualityMeasures& measures, const QualityOptions& options, std::string_view language) {
  QualityVerdict verdict;
  for (const Measure& measure : kMeasures) {
    // The lists are German and English; in other languages nothing can be said.
    if (measure.name == "stop_words" && language != "de" && language != "en") continue;
    Judge(measure.name, measures.*measure.value, options.*measure.bound, verdict);
  }
  for (size_t i = 0; i < measures.top_runs.size(); ++i) {
    Judge(fmt::format("top_run_{}", i + 2), measures.top_runs[i], options.top_runs[i], verdict);
  }
  for (size_t i = 0; i < measures.repeated_runs.size(); ++i) {
    Judge(fmt::format("repeated_runs_{}", i + 5), measures.repeated_runs[i], options.repeated_runs[i], verdict);
  }
  return verdict;
}

std::vector<std::pair<std::string, double>> NamedMeasures(const QualityMeasures& measures) {
  std::vector<std::pair<std::string, double>> named;
  for (const Measure& measure : kMeasures) named.emplace_back(measure.name, measures.*measure.value);
  for (size_t i = 0; i < measures.top_runs.size(); ++i) named.emplace_back(fmt::format("top_run_{}", i + 2), measures.top_runs[i]);
  for (size_t i = 0; i < measures.repeated_runs.size(); ++i) {
    named.emplace_back(fmt::format("repeated_runs_{}", i + 5), measures.repeated_runs[i]);
  }
  return named;
}

}  // namespace walchen::data
