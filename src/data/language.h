// SPDX-License-Identifier: Apache-2.0
//
// Which language a text is in, by CLD2 (Compact Language Detector 2: quadgrams, naive Bayes; the version of Debian 12 is
// of 2015). A long text is looked at in samples spread over it. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace walchen::data {

inline constexpr int kLanguageVersion = 2;

struct LanguageOptions {
  // Below that many letters a name or a number decides: such texts are "und". Measured on the sentences of
  // language_test.cc: from here on German and English are told apart.
  uint32_t letters_min = 20;
  // Below that many Latin letters only German and English are believed: a name of three words is Latvian as easily as anything. In Walchen's own
  // corpus (docs/corpus.md), 500 of 15,000 captions of icons were in forty other languages, none of them really.
  uint32_t letters_any_language = 60;
  // CLD2 is the slowest filter by far, and sure after some hundred bytes: longer texts are sampled.
  uint32_t sample_bytes = 256;
  uint32_t samples_max = 4;
};

struct LanguageVerdict {
  // ISO 639 ("de", "en", "zh-Hant"), or "und" where the text is too short or nothing fits.
  std::string language = "und";
  // Of the letters that were looked at, those in that language: 0 to 1.
  double share = 0;
  // CLD2's own word that the best language is clearly ahead of the second. 1 or 0.5; 0 for "und".
  double confidence = 0;
  // The second language of a mixed text and its share, "" for none.
  std::string second;
  double second_share = 0;
};

LanguageVerdict DetectLanguage(std::string_view valid, const LanguageOptions& options = {});

}  // namespace walchen::data
