// SPDX-License-Identifier: Apache-2.0
#include "data/personal_numbers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"
#include "data/check_digits.h"
#include "data/phone_numbers.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

enum class Trigger : uint8_t { kNone, kDigit, kAt, kColon };

constexpr std::array<Trigger, 256> kTriggers = [] {
  std::array<Trigger, 256> triggers{};
  for (int c = '0'; c <= '9'; ++c) triggers[c] = Trigger::kDigit;
  triggers['@'] = Trigger::kAt;
  triggers[':'] = Trigger::kColon;
  return triggers;
}();

constexpr size_t kMailPartMax = 64;     // RFC 5321, local part
constexpr size_t kMailDomainMax = 255;
constexpr size_t kIpv6Max = 39;

bool IsHex(char c) { return base::IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsWordByte(char c) { return base::IsDigit(c) || base::IsLetter(c) || c == '_'; }

class NumberScanner {
 public:
  NumberScanner(std::string_view text, std::vector<Finding>& findings) : text_(text), findings_(findings) {}

  void Scan() {
    for (size_t at = 0; at < text_.size();) {
      switch (kTriggers[static_cast<uint8_t>(text_[at])]) {
        case Trigger::kNone: ++at; break;
        case Trigger::kDigit: at = std::max(AtDigits(at), DigitsEnd(at)); break;
        case Trigger::kAt: AtSign(at++); break;
        case Trigger::kColon: AtColon(at++); break;
      }
    }
  }

 private:
  char Before(size_t at, size_t count = 1) const { return at >= count ? text_[at - count] : ' '; }
  char At(size_t at) const { return at < text_.size() ? text_[at] : ' '; }
  size_t DigitsEnd(size_t at) const {
    while (at < text_.size() && base::IsDigit(text_[at])) ++at;
    return at;
  }

  // Does a letter or digit stand there? Quotation marks are no letters, and have as many bytes as some.
  bool WordBefore(size_t at) const {
    if (at == 0 || static_cast<uint8_t>(text_[at - 1]) < 0x80) return IsWordByte(Before(at));
    return formats::IsWord(formats::FirstCodePoint(text_.substr(at - formats::LastCodePointSize(text_.substr(0, at)))).value);
  }
  bool WordAt(size_t at) const {
    if (at >= text_.size() || static_cast<uint8_t>(text_[at]) < 0x80) return IsWordByte(At(at));
    return formats::IsWord(formats::FirstCodePoint(text_.substr(at)).value);
  }

  void Add(FindingKind kind, size_t begin, size_t end, bool checked) { findings_.push_back({kind, begin, end, checked}); }

  // Returns the end of what was found, or 0. `at` is the first digit of a run.
  size_t AtDigits(size_t at) {
    if (const size_t end = Iban(at)) return end;
    if (const size_t end = Vat(at)) return end;
    if (WordBefore(at)) return 0;  // digits inside of a word
    if (const size_t end = Card(at)) return end;
    if (const size_t end = SocialSecurity(at)) return end;
    if (const size_t end = TaxId(at)) return end;
    if (const size_t end = Ipv4(at)) return end;
    const PhoneNumber phone = PhoneNumberAt(text_, at);
    if (phone.end == 0) return 0;
    Add(FindingKind::kPhone, phone.begin, phone.end, false);
    return phone.end;
  }

  // At most `count` characters from `at` on without the separators between them, where they end, and the sizes of the groups
  // in front of each separator: "4-6".
  struct Compact {
    std::string characters;
    std::string groups;
    size_t end = 0;
  };
  template <class IsPart>
  Compact Collect(size_t at, size_t count, IsPart is_part, std::string_view separators = " -") const {
    Compact found;
    size_t group = 0;
    while (at < text_.size() && found.characters.size() < count) {
      if (group > 0 && separators.find(text_[at]) != separators.npos && is_part(At(at + 1))) {
        found.groups += std::to_string(group) + "-";
        group = 0;
        ++at;
      }
      if (!is_part(At(at))) break;
      found.characters += text_[at++];
      found.end = at;
      ++group;
    }
    found.groups += std::to_string(group);
    return found;
  }

  size_t Iban(size_t at) {
    if (at < 2 || !base::IsLetter(Before(at)) || !base::IsLetter(Before(at, 2)) || WordBefore(at - 2)) return 0;
    const size_t length = IbanLength(text_.substr(at - 2, 2));
    if (length == 0) return 0;
    // Its letters and length say what it is, so it may go over the end of a line.
    const Compact found = Collect(at - 2, length, [](char c) { return base::IsDigit(c) || base::IsLetter(c); }, " -.\n");
    if (found.characters.size() != length) return MistypedIban(at, length);
    const bool checked = IsIban(found.characters) && !WordAt(found.end);
    if (!checked) return MistypedIban(at, length);
    Add(FindingKind::kIban, at - 2, found.end, true);
    return found.end;
  }

  // Digits alone, up to two more or less than there should be.
  size_t MistypedIban(size_t at, size_t length) {
    constexpr size_t kContext = 16;
    const size_t context = at - std::min(at, kContext);
    if (text_.substr(context, at - context).find("IBAN") == text_.npos) return 0;
    const Compact found = Collect(at, length, base::IsDigit);
    if (found.characters.size() + 4 < length) return 0;
    Add(FindingKind::kIban, at - 2, found.end, false);
    return found.end;
  }

  size_t Vat(size_t at) {
    size_t country = at;
    if (country > 0 && Before(country) == ' ') --country;
    if (country < 2 || text_.substr(country - 2, 2) != "DE" || WordBefore(country - 2)) return 0;
    const Compact found = Collect(at, 9, base::IsDigit);
    if (!IsVatIdNumber(found.characters) || !EndsNumber(found.end)) return 0;
    Add(FindingKind::kVatId, country - 2, found.end, true);
    return found.end;
  }

  // Nothing that would make the number a longer one follows.
  bool EndsNumber(size_t end) const { return !WordAt(end); }

  size_t Card(size_t at) {
    if (text_[at] < '2' || text_[at] > '6') return 0;
    for (const size_t length : {16u, 15u, 14u}) {
      const Compact found = Collect(at, length, base::IsDigit);
      // In other groups than those that are printed on cards it is a row of a table.
      const std::string_view groups = found.groups;
      const bool usual = groups.find('-') == groups.npos || groups == "4-4-4-4" || groups == "4-6-5" || groups == "4-6-4";
      if (!usual || !EndsNumber(found.end) || !IsCardNumber(found.characters)) continue;
      Add(FindingKind::kCard, at, found.end, true);
      return found.end;
    }
    return 0;
  }

  size_t SocialSecurity(size_t at) {
    const Compact found = Collect(at, 12, [](char c) { return base::IsDigit(c) || base::IsLetter(c); });
    if (!IsSocialSecurityNumber(found.characters) || !EndsNumber(found.end)) return 0;
    Add(FindingKind::kSocialSecurity, at, found.end, true);
    return found.end;
  }

  size_t TaxId(size_t at) {
    const Compact found = Collect(at, 11, base::IsDigit);
    const bool usual = found.groups == "11" || found.groups == "2-3-3-3" || found.groups == "3-3-3-2" || found.groups == "2-9";
    if (!usual || !IsTaxId(found.characters) || !EndsNumber(found.end)) return 0;
    Add(FindingKind::kTaxId, at, found.end, true);
    return found.end;
  }

  // Four numbers up to 255 and nothing around them that makes them a version or the number of a section.
  size_t Ipv4(size_t at) {
    if (Before(at) == '.' || Before(at) == ',') return 0;
    size_t end = at;
    int first = 0, largest = 0;
    for (int part = 0; part < 4; ++part) {
      const size_t part_end = DigitsEnd(end);
      if (part_end == end || part_end > end + 3) return 0;
      const int value = std::stoi(std::string(text_.substr(end, part_end - end)));
      if (value > 255) return 0;
      if (part == 0) first = value;
      largest = std::max(largest, value);
      end = part_end;
      if (part < 3 && At(end++) != '.') return 0;
    }
    if (WordAt(end) || (At(end) == '.' && base::IsDigit(At(end + 1)))) return 0;
    // Four single digits number a section, or are the address of a public service (1.1.1.1, 8.8.8.8).
    if (largest < 10 || first == 0 || first == 255 || first == 127 || IsVersion(at)) return 0;
    Add(FindingKind::kIp, at, end, false);
    return end;
  }

  bool IsVersion(size_t at) const {
    constexpr size_t kContext = 14;
    const size_t context = at - std::min(at, kContext);
    std::string before(text_.substr(context, at - context));
    for (char& c : before) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (before.ends_with("v") || before.ends_with("v.") || before.ends_with("v. ")) return true;
    for (const std::string_view word : {"version", "build", "release", "firmware", "ver. ", "kapitel", "chapter", "abschnitt", "section"}) {
      if (before.find(word) != before.npos) return true;
    }
    return false;
  }

  void AtSign(size_t at) {
    const auto is_local = [](char c) { return base::IsDigit(c) || base::IsLetter(c) || std::string_view("._%+-").find(c) != std::string_view::npos; };
    size_t begin = at;
    while (begin > 0 && at - begin < kMailPartMax && is_local(text_[begin - 1])) --begin;
    while (begin < at && !base::IsDigit(text_[begin]) && !base::IsLetter(text_[begin])) ++begin;
    size_t end = at + 1;
    while (end < text_.size() && end - at <= kMailDomainMax) {
      const formats::CodePoint point = formats::FirstCodePoint(text_.substr(end));
      const bool in_domain = point.size == 1 ? base::IsDigit(text_[end]) || base::IsLetter(text_[end]) || text_[end] == '.' || text_[end] == '-'
                                             : formats::IsLetter(point.value);
      if (!in_domain) break;
      end += point.size;
    }
    while (end > at + 1 && (text_[end - 1] == '.' || text_[end - 1] == '-')) --end;
    const std::string_view domain = text_.substr(at + 1, end - at - 1);
    const size_t dot = domain.rfind('.');
    if (begin == at || dot == domain.npos || dot == 0 || domain.size() - dot < 3) return;
    Add(FindingKind::kMail, begin, end, false);
  }

  // An IPv6 address is looked at once, at its first colon.
  void AtColon(size_t at) {
    size_t begin = at;
    while (begin > 0 && at - begin <= 4 && IsHex(text_[begin - 1])) --begin;
    if (WordBefore(begin) || Before(begin) == ':') return;
    size_t end = at;
    while (end < text_.size() && end - begin <= kIpv6Max && (IsHex(text_[end]) || text_[end] == ':')) ++end;
    if (end - begin > kIpv6Max || WordAt(end)) return;
    if (end - begin > 2 && text_[end - 1] == ':' && text_[end - 2] != ':') --end;
    const std::string address(text_.substr(begin, end - begin));
    if (std::count(address.begin(), address.end(), ':') < 2 || std::none_of(address.begin(), address.end(), base::IsDigit)) return;
    in6_addr parsed{};
    if (address.size() < 5 || inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return;
    Add(FindingKind::kIp, begin, end, false);
  }

  std::string_view text_;
  std::vector<Finding>& findings_;
};

}  // namespace

void FindNumbers(std::string_view valid, std::vector<Finding>& findings) { NumberScanner(valid, findings).Scan(); }

}  // namespace walchen::data
