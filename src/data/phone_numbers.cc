// SPDX-License-Identifier: Apache-2.0
#include "data/phone_numbers.h"

#include <algorithm>
#include <string>

#include <re2/re2.h>

#include "base/ascii.h"

namespace walchen::data {
namespace {

constexpr size_t kLookBytes = 64;
constexpr size_t kContextBytes = 28;

size_t CountDigits(std::string_view text) { return static_cast<size_t>(std::count_if(text.begin(), text.end(), base::IsDigit)); }

const RE2& International() {
  static const RE2 kPattern(R"(^(\+ ?[1-9]\d{0,2}(?: ?\(0\))?(?:[ \-./]{0,3}\(?\d{1,11}\)?){1,7}))");
  return kPattern;
}
// Area code with its zero, then the subscriber's number, which begins with no zero.
const RE2& WithAreaCode() {
  static const RE2 kPattern(R"(^(\(?0[1-9]\d{1,4}\)?(?: ?[/\-] ?| )[1-9]\d{0,7}(?:[ \-]\d{1,6}){0,4}))");
  return kPattern;
}
const RE2& GermanMobile() {
  static const RE2 kPattern(R"(^(01[567]\d(?:[ /\-]?\d){7,9}))");
  return kPattern;
}
const RE2& American() {
  static const RE2 kPattern(R"(^(\([2-9]\d{2}\) ?\d{3}[\-. ]\d{4}|[2-9]\d{2}[\-.]\d{3}[\-.]\d{4}))");
  return kPattern;
}
// Behind a word that announces it.
const RE2& Announced() {
  static const RE2 kPattern(R"(^(\(?\d{2,12}\)?(?:[ \-/.]{1,3}\d{2,12}){0,5}))");
  return kPattern;
}
const RE2& Announcement() {
  static const RE2 kPattern(
      R"((?i)(?:\btel\b|telefon|telephone|\bphone|\bfax|\bmobil|\bcell\b|handy|\bcall\b|\bring\b|\bruf|durchwahl|hotline|whatsapp|\bsms\b)[^\d\n]{0,14}$)");
  return kPattern;
}
// Numbers of things, as the word just before them says.
const RE2& OtherNumber() {
  static const RE2 kPattern(
      R"((?i)(?:artikel|bestell|auftrag|serien|kunden|vertrag|rechnung|teile|konto|zeichen|beleg|vorgang|charge|barcode|\bean\b|\bisbn\b|\bdin\b|\biso\b|\ben\b|\bvde\b|\bnr\.|\bno\.|\bpart\b|serial|order|invoice|\bitem\b|customer|policy|account|\bjob\b|\bcase\b|reference|version|counter|z(?:ä|ae)hler)[^\d\n]{0,12}$)");
  return kPattern;
}

// The length of the match at the start of `window`, 0 for none.
size_t MatchLength(const RE2& pattern, std::string_view window, size_t digits_min, size_t digits_max) {
  re2::StringPiece match;
  if (!RE2::PartialMatch(re2::StringPiece(window.data(), window.size()), pattern, &match)) return 0;
  const std::string_view found(match.data(), match.size());
  const size_t digits = CountDigits(found);
  if (digits < digits_min || digits > digits_max) return 0;
  const bool inside_word = found.size() < window.size() && (base::IsDigit(window[found.size()]) || window[found.size()] == '_');
  return inside_word ? 0 : found.size();
}

bool Precedes(const RE2& pattern, std::string_view before) {
  return RE2::PartialMatch(re2::StringPiece(before.data(), before.size()), pattern);
}

}  // namespace

PhoneNumber PhoneNumberAt(std::string_view text, size_t digit) {
  size_t begin = digit;
  if (begin > 0 && text[begin - 1] == '(') --begin;
  if (begin > 0 && text[begin - 1] == '+') --begin;
  if (begin > 1 && text[begin - 1] == ' ' && text[begin - 2] == '+') begin -= 2;
  if (begin > 0 && (base::IsDigit(text[begin - 1]) || text[begin - 1] == '.' || text[begin - 1] == ',')) return {};
  const std::string_view window = text.substr(begin, kLookBytes);
  const auto found = [&](size_t length) { return PhoneNumber{.begin = begin, .end = begin + length}; };
  if (window[0] == '+') {
    const size_t length = MatchLength(International(), window, 8, 16);
    return length > 0 ? found(length) : PhoneNumber{};
  }
  // Most digits in a text begin no number of a phone's length.
  if (CountDigits(window.substr(0, 24)) < 6) return {};
  const size_t context = begin - std::min(begin, kContextBytes);
  const std::string_view before = text.substr(context, begin - context);
  if (Precedes(Announcement(), before)) {
    if (const size_t length = MatchLength(Announced(), window, 6, 16)) return found(length);
  }
  const char first = window[0] == '(' && window.size() > 1 ? window[1] : window[0];
  size_t length = 0;
  if (first == '0') {
    length = MatchLength(GermanMobile(), window, 11, 13);
    if (length == 0) length = MatchLength(WithAreaCode(), window, 7, 14);
  } else {
    length = MatchLength(American(), window, 10, 10);
  }
  return length > 0 && !Precedes(OtherNumber(), before) ? found(length) : PhoneNumber{};
}

}  // namespace walchen::data
