// SPDX-License-Identifier: Apache-2.0
#include "data/language.h"

#include <algorithm>
#include <array>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// Back to the start of a code point.
size_t Aligned(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return std::min(at, text.size());
}

std::string Sample(std::string_view text, const LanguageOptions& options) {
  const size_t stride = text.size() / options.samples_max;
  std::string sample;
  for (uint32_t i = 0; i < options.samples_max; ++i) {
    const size_t begin = Aligned(text, i * stride);
    const size_t end = Aligned(text, std::min(text.size(), begin + options.sample_bytes));
    sample.append(text.substr(begin, end - begin)).append("\n");
  }
  return sample;
}

bool HasLetters(std::string_view text, uint32_t letters_min) {
  for (size_t at = 0; at < text.size() && letters_min > 0;) {
    const formats::CodePoint point = formats::FirstCodePoint(text.substr(at));
    at += point.size;
    if (formats::IsLetter(point.value)) --letters_min;
  }
  return letters_min == 0;
}

// A script of its own tells more than words do.
bool IsMostlyAscii(std::string_view text) {
  const auto others = std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return 3 * static_cast<size_t>(others) < text.size();
}

}  // namespace

LanguageVerdict DetectLanguage(std::string_view valid, const LanguageOptions& options) {
  std::string sampled;
  std::string_view text = valid;
  if (valid.size() > size_t{options.sample_bytes} * options.samples_max) text = sampled = Sample(valid, options);
  LanguageVerdict verdict;
  if (!HasLetters(text, options.letters_min)) return verdict;

  std::array<CLD2::Language, 3> languages{};
  std::array<int, 3> percents{};
  std::array<double, 3> scores{};
  int text_bytes = 0;
  bool reliable = false;
  const CLD2::CLDHints no_hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  const CLD2::Language best = CLD2::ExtDetectLanguageSummary(
      text.data(), static_cast<int>(text.size()), /*is_plain_text=*/true, &no_hints, CLD2::kCLDFlagBestEffort,
      languages.data(), percents.data(), scores.data(), /*resultchunkvector=*/nullptr, &text_bytes, &reliable);
  if (best == CLD2::UNKNOWN_LANGUAGE || percents[0] == 0) return verdict;
  const bool is_usual = languages[0] == CLD2::GERMAN || languages[0] == CLD2::ENGLISH;
  if (!is_usual && IsMostlyAscii(text) && !HasLetters(text, options.letters_any_language)) return verdict;
  verdict.language = CLD2::LanguageCode(languages[0]);
  verdict.share = percents[0] / 100.0;
  verdict.confidence = reliable ? 1.0 : 0.5;
  if (languages[1] != CLD2::UNKNOWN_LANGUAGE && percents[1] > 0) {
    verdict.second = CLD2::LanguageCode(languages[1]);
    verdict.second_share = percents[1] / 100.0;
  }
  return verdict;
}

}  // namespace walchen::data
