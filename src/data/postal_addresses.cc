// SPDX-License-Identifier: Apache-2.0
#include "data/postal_addresses.h"

#include <algorithm>

#include <re2/re2.h>

#include "base/ascii.h"
#include "data/re2_piece.h"

namespace walchen::data {
namespace {

constexpr size_t kBefore = 72;
constexpr size_t kAfter = 96;
constexpr size_t kHouseDigits = 4;

// A street that ends where the house number begins. German: a capital, then what ends a street.
const RE2& Street() {
  static const RE2 kPattern(
      R"(((?:\p{Lu}[\p{L}.\-]*[ \-]){0,2}?(?:\p{Lu}[\p{L}\-]+?(?:straße|strasse|str\.|weg|allee|gasse|platz|chaussee|ufer)|\p{Lu}[\p{L}\-]+ (?:Straße|Strasse|Str\.|Weg|Allee|Gasse|Platz|Chaussee|Ufer))) $)");
  return kPattern;
}
const RE2& PossibleStreet() {
  static const RE2 kPattern(
      R"((\p{Lu}[\p{L}\-]+(?:ring|damm|wall|steig|pfad|graben|park|markt|hof|berg|stieg|kamp)|(?:Am|An der|An den|Auf dem|Auf der|Im|In der|Zum|Zur|Unter den|Hinter dem) \p{Lu}[\p{L}\-]+) $)");
  return kPattern;
}
// Words that end like streets.
const RE2& NoStreet() {
  static const RE2 kPattern(
      R"((?:Bundes|Land|Kreis|Fertigungs|Produktions|Wasch)stra(?:ß|ss)e $|(?:Arbeits|Stell|Park|Lager|Steck|Speicher|Einbau|Montage|Liege|Sitz)platz $|(?:Schalt|Fahr|Hin|Rück|Rad|Um|Mess|Verfahr|Brems|Hub)weg $)");
  return kPattern;
}
const RE2& HouseNumber() {
  static const RE2 kPattern(R"(^(\d{1,4}(?: ?[a-zA-Z]\b)?(?:[ ]?[\-/–][ ]?\d{1,4}[a-z]?\b)?))");
  return kPattern;
}
const RE2& PostcodeAndTown() {
  static const RE2 kPattern(R"(^(,? ?\n?(?:(?:D|DE|A|CH)[\- ])?\d{4,5} \p{Lu}[\p{L}\-.]+(?: (?:am|an der|a\.|ob der|im|in|bei) \p{Lu}\p{L}+|[ /]\p{Lu}[\p{Ll}]{2,})?))");
  return kPattern;
}
const RE2& PostcodeLabel() {
  static const RE2 kPattern(R"((?i)(?:\bplz|\bort\b|postleitzahl|anschrift|adresse|wohnhaft|wohnort|wohnt)[^\d\n]{0,24}$)");
  return kPattern;
}
const RE2& English() {
  static const RE2 kPattern(
      R"(^(\d{1,5}[A-Za-z]? (?:(?:North|South|East|West|N|S|E|W)\.? )?(?:[A-Z][a-z']+ ){1,3}(?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Square|Sq|Terrace|Close|Crescent|Parkway|Pkwy)\b\.?(?:,? (?:Apt|Suite|Unit|#)\.? ?\w+)?(?:,? (?:[A-Z][a-z]+ ?){1,3},? (?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[\dA-Z]? ?\d[A-Z]{2})\b)?))");
  return kPattern;
}

size_t PrefixLength(const RE2& pattern, std::string_view text) {
  re2::StringPiece match;
  return RE2::PartialMatch(Piece(text), pattern, &match) ? match.size() : 0;
}

size_t SuffixLength(const RE2& pattern, std::string_view text) {
  re2::StringPiece match;
  if (!RE2::PartialMatch(Piece(text), pattern, &match)) return 0;
  return text.size() - static_cast<size_t>(match.data() - text.data());
}

class AddressScanner {
 public:
  AddressScanner(std::string_view text, std::vector<Finding>& findings) : text_(text), findings_(findings) {}

  void Scan() {
    for (size_t at = 0; at < text_.size();) {
      if (!base::IsDigit(text_[at])) {
        ++at;
        continue;
      }
      size_t end = at;
      while (end < text_.size() && base::IsDigit(text_[end])) ++end;
      const bool may_be = end - at <= kHouseDigits + 1 && (at == 0 || text_[at - 1] == ' ' || text_[at - 1] == '\n' || text_[at - 1] == '-');
      at = may_be ? std::max(end, AtNumber(at)) : end;
    }
  }

 private:
  size_t AtNumber(size_t at) {
    if (const size_t end = German(at)) return end;
    if (const size_t end = Town(at)) return end;
    return EnglishAddress(at);
  }

  std::string_view Before(size_t at) const {
    const size_t begin = std::max(at - std::min(at, kBefore), floor_);
    const std::string_view window = text_.substr(begin, at - begin);
    const size_t line = window.rfind('\n');
    return line == window.npos ? window : window.substr(line + 1);
  }

  // Valid UTF-8 cannot be cut everywhere; the patterns do not match what is cut.
  std::string_view After(size_t at) const { return text_.substr(at, kAfter); }

  size_t German(size_t at) {
    const std::string_view before = Before(at);
    // A street ends in a letter or a full stop, and a space.
    if (before.size() < 4 || before.back() != ' ' || base::IsDigit(before[before.size() - 2])) return 0;
    size_t street = SuffixLength(Street(), before);
    const bool possible_only = street == 0;
    if (possible_only) street = SuffixLength(PossibleStreet(), before);
    if (street == 0 || RE2::PartialMatch(Piece(before), NoStreet())) return 0;
    const size_t number = PrefixLength(HouseNumber(), After(at));
    if (number == 0) return 0;
    const size_t town = PrefixLength(PostcodeAndTown(), After(at + number));
    if (possible_only && town == 0 && !RE2::PartialMatch(Piece(before.substr(0, before.size() - street)), PostcodeLabel())) return 0;
    return Add(at - street, at + number + town);
  }

  size_t Town(size_t at) {
    const std::string_view before = Before(at);
    if (!RE2::PartialMatch(Piece(before), PostcodeLabel())) return 0;
    const size_t town = PrefixLength(PostcodeAndTown(), After(at));
    return town > 0 ? Add(at, at + town) : 0;
  }

  size_t EnglishAddress(size_t at) {
    const size_t space = text_.find(' ', at);
    if (space == text_.npos || space + 1 >= text_.size() || text_[space + 1] < 'A' || text_[space + 1] > 'Z') return 0;
    const size_t length = PrefixLength(English(), After(at));
    return length > 0 ? Add(at, at + length) : 0;
  }

  size_t Add(size_t begin, size_t end) {
    findings_.push_back({FindingKind::kAddress, begin, end, false});
    floor_ = end;
    return end;
  }

  std::string_view text_;
  std::vector<Finding>& findings_;
  size_t floor_ = 0;  // the end of the last address: the next one begins behind it
};

}  // namespace

void FindAddresses(std::string_view valid, std::vector<Finding>& findings) { AddressScanner(valid, findings).Scan(); }

}  // namespace walchen::data
