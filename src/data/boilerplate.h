// SPDX-License-Identifier: Apache-2.0
//
// Lines of web pages that are not the page's text: cookie banners, "skip to content", share buttons, rows of links. They go,
// the rest stays. Only lines of at most `words_max` words are looked at, so that an article about cookies keeps its text.
// Phrases are our own, German and English. Pure, thread-safe; linear.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "data/place_map.h"
#include "data/words.h"

namespace walchen::data {

inline constexpr int kBoilerplateVersion = 1;

struct BoilerplateOptions {
  uint32_t words_max = 30;
  // A row of links: so many "|", "»", "›" or "·" between items of at most three words on average.
  uint32_t separators_min = 3;
};

struct WithoutBoilerplate {
  std::string text;     // as given where lines is 0
  ChangeList changes;
  uint32_t lines = 0;   // that went
};

// `words` are SplitWords(text).
WithoutBoilerplate RemoveBoilerplate(std::string_view text, std::span<const Word> words, const BoilerplateOptions& options = {});

}  // namespace walchen::data
