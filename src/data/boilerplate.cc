// SPDX-License-Identifier: Apache-2.0
#include "data/boilerplate.h"

#include <algorithm>
#include <array>

#include "data/phrases.h"
#include "data/rewriter.h"

namespace walchen::data {
namespace {

constexpr std::string_view kBannerPhrases[] = {
    "alle cookies akzeptieren", "alle cookies ablehnen", "cookies akzeptieren", "cookies ablehnen", "cookie einstellungen",
    "diese website verwendet cookies", "diese webseite verwendet cookies", "diese seite verwendet cookies",
    "wir verwenden cookies", "wir nutzen cookies", "verwendung von cookies zu", "nutzung von cookies zu",
    "accept all cookies", "accept cookies", "reject all cookies", "cookie settings", "cookie preferences",
    "manage cookies", "this website uses cookies", "this site uses cookies", "we use cookies", "uses cookies to",
    "zum inhalt springen", "direkt zum inhalt", "zur navigation springen", "zum hauptinhalt springen", "nach oben scrollen",
    "skip to content", "skip to main content", "skip to navigation", "jump to navigation", "back to top",
    "newsletter abonnieren", "newsletter anmelden", "jetzt newsletter", "subscribe to our newsletter",
    "sign up for our newsletter", "javascript aktivieren", "bitte aktivieren sie javascript", "enable javascript",
    "javascript is disabled", "javascript is required", "auf facebook teilen", "auf twitter teilen", "share on facebook",
    "share on twitter", "tweet this", "artikel drucken", "print this page", "your browser does not support", "ihr browser unterstützt"};

constexpr std::array<std::string_view, 5> kSeparators = {"|", "\xC2\xBB", "\xE2\x80\xBA", "\xC2\xB7", "\xE2\x80\xA2"};

bool IsRowOfLinks(std::string_view line, size_t word_count, const BoilerplateOptions& options) {
  // A table in Markdown begins and ends with its separator.
  if (line.starts_with('|') || line.ends_with('|')) return false;
  for (const std::string_view separator : kSeparators) {
    size_t count = 0;
    for (size_t at = line.find(separator); at != line.npos; at = line.find(separator, at + separator.size())) ++count;
    if (count >= options.separators_min && word_count <= 3 * (count + 1)) return true;
  }
  return false;
}

bool HasPhrase(std::span<const Word> words) {
  static const PhraseSet kPhrases(kBannerPhrases);
  for (size_t i = 0; i < words.size(); ++i) {
    if (kPhrases.MatchAt(words.subspan(i)) > 0) return true;
  }
  return false;
}

}  // namespace

WithoutBoilerplate RemoveBoilerplate(std::string_view text, std::span<const Word> words, const BoilerplateOptions& options) {
  Rewriter rewriter(text);
  uint32_t lines = 0;
  size_t first = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const size_t next = std::min(end + 1, text.size());
    size_t last = first;
    while (last < words.size() && words[last].begin < end) ++last;
    const std::span<const Word> of_line = words.subspan(first, last - first);
    const bool short_line = !of_line.empty() && of_line.size() <= options.words_max;
    if (short_line && (HasPhrase(of_line) || IsRowOfLinks(text.substr(begin, end - begin), of_line.size(), options))) {
      rewriter.Replace(begin, next - begin, "");
      ++lines;
    }
    begin = next;
    first = last;
  }
  WithoutBoilerplate result;
  result.lines = lines;
  result.text = rewriter.TakeText();
  result.changes = rewriter.TakeChanges();
  return result;
}

}  // namespace walchen::data
