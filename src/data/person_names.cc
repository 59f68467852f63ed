// SPDX-License-Identifier: Apache-2.0
#include "data/person_names.h"

#include <algorithm>
#include <string>

#include "data/name_lexicon.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

constexpr size_t kNameWordsMax = 6;
constexpr size_t kListNamesMax = 200;  // of one label

bool IsUpper(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z';
  if (!formats::IsLetter(code)) return false;
  std::string lower;
  formats::AppendLower(lower, code);
  return formats::FirstCodePoint(lower).value != code;
}

class NameScanner {
 public:
  NameScanner(std::string_view text, std::span<const Word> words, std::vector<Finding>& findings)
      : text_(text), words_(words), findings_(findings) {}

  void Scan() {
    for (size_t i = 0; i < words_.size();) {
      const uint16_t hints = Hints(i);
      size_t next = hints == 0 ? 0 : Rules(i, hints);
      if (next == 0) next = Initial(i);
      i = std::max(i + 1, next);
    }
  }

 private:
  // Each rule returns the word behind the name that it found, or 0.
  size_t Rules(size_t i, uint16_t hints) {
    if ((hints & kTitle) && Capital(i) && !AllCapitals(i)) {
      if (const size_t end = AfterTitle(i)) return end;
    }
    if ((hints & kLabel) && GapStarts(i, ":")) {
      if (const size_t end = AfterLabel(i)) return end;
    }
    if (hints & kGreeting) {
      if (const size_t end = AfterGreeting(i)) return end;
    }
    if (hints & kClosing) {
      if (const size_t end = AfterClosing(i)) return end;
    }
    if (hints & kOccupation) {
      if (const size_t end = AfterOccupation(i)) return end;
    }
    if (hints & kFirstName) return ByFirstName(i);
    if (hints & kWeakFirstName) return ByWeakFirstName(i);
    return 0;
  }

  std::string_view Spelling(size_t i) const { return text_.substr(words_[i].begin, words_[i].size); }
  size_t End(size_t i) const { return size_t{words_[i].begin} + words_[i].size; }

  // What stands between word i and the next one.
  std::string_view Gap(size_t i) const {
    const size_t next = i + 1 < words_.size() ? words_[i + 1].begin : text_.size();
    return text_.substr(End(i), next - End(i));
  }
  bool GapStarts(size_t i, std::string_view with) const { return Gap(i).starts_with(with); }

  bool Capital(size_t i) const { return i < words_.size() && IsUpper(formats::FirstCodePoint(Spelling(i)).value); }

  bool AllCapitals(size_t i) const {
    const std::string_view word = Spelling(i);
    return word.size() > 1 && std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  }

  bool IsInitial(size_t i) const { return i < words_.size() && words_[i].size <= 2 && Capital(i) && formats::FirstCodePoint(Spelling(i)).size == words_[i].size; }

  // Bytes of 's or U+2019 s at a word's end.
  size_t GenitiveSize(size_t i) const {
    const std::string_view word = Spelling(i);
    if (word.size() < 4 || word.back() != 's') return 0;
    if (word[word.size() - 2] == '\'') return 2;
    return word.size() > 4 && word.ends_with("\xE2\x80\x99s") ? 4 : 0;
  }

  // Without the genitive.
  uint16_t Hints(size_t i) const {
    const Word& word = words_.data()[i];
    if (const uint16_t hints = lexicon_.Hints(word.hash)) return hints;
    if (word.size < 4 || text_.data()[word.begin + word.size - 1] != 's') return 0;
    const size_t genitive = GenitiveSize(i);
    return genitive == 0 ? uint16_t{0} : lexicon_.Hints(WordHash(text_.substr(word.begin, word.size - genitive)));
  }

  bool HasDigit(size_t i) const {
    const std::string_view word = Spelling(i);
    return std::any_of(word.begin(), word.end(), [](char c) { return (c >= '0' && c <= '9') || c == '_'; });
  }

  // A capitalised word that may be part of a name.
  bool MayBeName(size_t i) const {
    return Capital(i) && !HasDigit(i) && words_[i].size > 1 && !(Hints(i) & (kNoName | kFirm));
  }

  // "Musterfeld" as "Kai-Uwe": the last word of a chain of hyphens.
  size_t HyphenEnd(size_t i) const {
    while (i + 1 < words_.size() && Gap(i) == "-" && Capital(i + 1) && !HasDigit(i + 1)) ++i;
    return i;
  }

  // The last word of a name that begins at i: first names, initials, particles, then one surname.
  size_t NameEnd(size_t i) const {
    size_t last = HyphenEnd(i);
    bool surname = !(Hints(i) & (kFirstName | kWeakFirstName)) && !IsInitial(i);
    while (last + 1 < words_.size() && last - i < kNameWordsMax) {
      const std::string_view gap = Gap(last);
      const size_t next = last + 1;
      const bool behind_initial = IsInitial(last) && (gap == ". " || gap == ".");
      if (gap != " " && !behind_initial) break;
      if (const size_t behind = ParticlesEnd(next); behind != next && MayBeName(behind)) return HyphenEnd(behind);
      if (IsInitial(next) && GapStarts(next, ".")) {
        last = next;
        continue;
      }
      if (!MayBeName(next) || surname) break;
      last = HyphenEnd(next);
      surname = !(Hints(next) & (kFirstName | kWeakFirstName));
    }
    return last;
  }

  // The word behind particles that begin at i, i if there are none.
  size_t ParticlesEnd(size_t i) const {
    size_t end = i;
    while (end + 1 < words_.size() && end < i + 3 && (Hints(end) & kParticle) && (Gap(end) == " " || Gap(end) == "-") &&
           Spelling(end) != "und" && Spelling(end) != "y") {
      ++end;
    }
    return end;
  }

  bool IsFirm(size_t last) const {
    for (size_t i = last; i + 1 < words_.size() && i < last + 4; ++i) {
      const std::string_view gap = Gap(i);
      if (gap != " " && gap != " & " && gap != ", " && gap != "-") return false;
      if (!Capital(i + 1) && Spelling(i + 1) != "und") return false;
      if ((Hints(i + 1) & kFirm) && (gap != ", " || Spelling(i + 1) == "Inc" || Spelling(i + 1) == "Ltd")) return true;
    }
    return false;
  }

  size_t Add(size_t first, size_t last) {
    size_t end = End(last) - GenitiveSize(last);
    if (IsInitial(last) && GapStarts(last, ".")) ++end;
    findings_.push_back({FindingKind::kName, words_[first].begin, end, false});
    return last + 1;
  }

  size_t AfterTitle(size_t i) {
    size_t name = i + 1;
    const auto separated = [&](size_t left) { const std::string_view gap = Gap(left); return gap == " " || gap == ". " || gap == "." || gap == ".-"; };
    while (name < words_.size() && separated(name - 1) && (Hints(name) & kTitlePart)) ++name;
    if (name >= words_.size() || !separated(name - 1)) return 0;
    if (const size_t behind = ParticlesEnd(name); behind != name && MayBeName(behind)) return Add(name, HyphenEnd(behind));
    if (!MayBeName(name) && !IsInitial(name)) return 0;
    size_t last = NameEnd(name);
    // "Mr. Obadiah Finch" with a first name that no list has: two capitalised words, no noun behind.
    const bool two = last == name && Gap(last) == " " && MayBeName(last + 1) && (EnglishTitle(i) || (Hints(last + 1) & kLastName));
    if (two) last = HyphenEnd(last + 1);
    return Add(name, last);
  }

  // German capitalises the noun behind the name as well, English does not.
  bool EnglishTitle(size_t i) const {
    const std::string_view title = Spelling(i);
    return title == "Mr" || title == "Mrs" || title == "Ms" || title == "Miss" || title == "Sir";
  }

  // One name, or several with commas, "und" and "and" between them, to the end of the line.
  size_t AfterLabel(size_t i) {
    const std::string_view gap = Gap(i);
    const size_t line = gap.find('\n');
    if (line != gap.npos || gap.find_first_not_of(": \t<") != gap.npos) return 0;
    size_t at = i + 1, end = 0;
    for (size_t count = 0; count < kListNamesMax && at < words_.size(); ++count) {
      const uint16_t hints = Hints(at);
      if ((hints & kTitle) && Capital(at)) {
        const size_t behind = AfterTitle(at);
        if (behind == 0) break;
        at = end = behind;
      } else {
        if (!MayBeName(at) && !IsInitial(at)) break;
        size_t last = NameEnd(at);
        const bool two = last == at && Gap(last) == " " && MayBeName(last + 1) && !(Hints(last + 1) & kLabel);
        if (two) last = HyphenEnd(last + 1);
        if (IsFirm(last) || (hints & kLabel) || HasDigit(last)) break;
        at = end = Add(at, last);
      }
      if (!ContinuesList(at)) break;
    }
    return end;
  }

  // Does a list go on with word `at`, or behind an "und" that is word `at`? Moves past the link.
  bool ContinuesList(size_t& at) const {
    if (at == 0 || at >= words_.size()) return false;
    std::string_view gap = Gap(at - 1);
    if (gap == ", ") return true;
    if (gap == " " && (Spelling(at) == "und" || Spelling(at) == "and" || Spelling(at) == "u") && at + 1 < words_.size()) return ++at, true;
    // What is said of somebody in brackets: "Ilse Bronner (Presse), ..."
    size_t closing = at;
    while (gap.starts_with(" (") && closing < words_.size() && closing < at + 4 && !GapStarts(closing, ")")) ++closing;
    if (gap.starts_with(" (") && closing + 1 < words_.size() && Gap(closing) == "), ") return at = closing + 1, true;
    return false;
  }

  size_t AfterGreeting(size_t i) {
    if (i + 1 >= words_.size() || Gap(i) != " " || !MayBeName(i + 1) || (Hints(i + 1) & kTitle)) return 0;
    const size_t last = NameEnd(i + 1);
    const std::string_view gap = Gap(last);
    const bool addressed = gap.starts_with(",") || gap.starts_with("!") || gap.starts_with("\n") || gap.empty();
    const bool listed = Hints(i + 1) & (kFirstName | kWeakFirstName);
    return addressed || listed ? Add(i + 1, last) : 0;
  }

  size_t AfterClosing(size_t i) {
    if (i + 1 >= words_.size()) return 0;
    const std::string_view gap = Gap(i);
    const bool close = gap == " " || gap == ", " || gap == "\n" || gap == ",\n" || gap == "\n\n" || gap == ",\n\n" || gap == ": " || gap == ". ";
    if (!close || (!MayBeName(i + 1) && !IsInitial(i + 1)) || (Hints(i + 1) & (kTitle | kClosing | kGreeting))) return 0;
    const size_t last = NameEnd(i + 1);
    if (IsFirm(last)) return 0;
    // "Ihr Angebot", "from Monday": a signature is the end of its line, or a listed name.
    const std::string_view behind = Gap(last);
    const bool line_ends = behind.empty() || behind.starts_with("\n") || behind.starts_with(",") || behind == ".";
    const bool listed = Hints(i + 1) & (kFirstName | kWeakFirstName);
    const bool signature = (Hints(i) & kClosing) && line_ends && (SignsOff(i) || last > i + 1);
    return signature || (listed && !(Hints(i + 1) & kWeakFirstName)) ? Add(i + 1, last) : 0;
  }

  // Words that end letters; the others of the list ("Ihr", "from", "best") stand in sentences as well.
  bool SignsOff(size_t i) const {
    static constexpr std::string_view kOnly[] = {"Grüße", "Grüßen", "Gruß", "Grüsse", "Grüssen", "LG", "VG", "MfG", "BG", "gez", "regards", "Regards", "Cheers", "sincerely"};
    return std::find(std::begin(kOnly), std::end(kOnly), Spelling(i)) != std::end(kOnly);
  }

  size_t AfterOccupation(size_t i) {
    const std::string_view gap = i + 1 < words_.size() ? Gap(i) : std::string_view();
    if ((gap != " " && gap != ", ") || !MayBeName(i + 1) || (Hints(i + 1) & (kTitle | kOccupation | kLabel))) return 0;
    const size_t last = NameEnd(i + 1);
    if (IsFirm(last)) return 0;
    const bool listed = Hints(i + 1) & (kFirstName | kLastName);
    return gap == " " || listed ? Add(i + 1, last) : 0;
  }

  size_t ByFirstName(size_t i) {
    const bool lower_at_line_start = !Capital(i) && GapStarts(i, ":") && (i == 0 || Gap(i - 1).find('\n') != std::string_view::npos);
    if (lower_at_line_start) return Add(i, i);
    if (!MayBeName(i) || InsideCompound(i)) return 0;
    const size_t last = NameEnd(i);
    if (IsFirm(last)) return last + 1;
    if (last == i && AllCapitals(i)) return 0;
    // "Otto-Motor": a chain of hyphens must end in something that is a name.
    if (HyphenEnd(i) != i && last == HyphenEnd(i) && !(Hints(last) & (kFirstName | kWeakFirstName | kLastName))) return last + 1;
    return Add(i, last);
  }

  // Before a name that is in the lists: "Rose Müller", "Will Smith".
  size_t ByWeakFirstName(size_t i) {
    if (!MayBeName(i) || InsideCompound(i) || i + 1 >= words_.size() || Gap(i) != " " || !MayBeName(i + 1)) return 0;
    if (!(Hints(i + 1) & (kFirstName | kLastName)) || AllCapitals(i)) return 0;
    const size_t last = NameEnd(i);
    return IsFirm(last) ? last + 1 : Add(i, last);
  }

  bool InsideCompound(size_t i) const {
    if (i == 0) return false;
    const std::string_view gap = Gap(i - 1);
    return gap == "-" || gap == "/" || gap == "." || gap == "_" || gap == "@";
  }

  // "M. Kaya" with a surname of the lists.
  size_t Initial(size_t i) {
    if (!IsInitial(i) || i + 1 >= words_.size() || Gap(i) != ". " || !MayBeName(i + 1) || !(Hints(i + 1) & kLastName)) return 0;
    const size_t last = HyphenEnd(i + 1);
    return IsFirm(last) ? 0 : Add(i, last);
  }

  const NameLexicon& lexicon_ = NameLexicon::Get();
  std::string_view text_;
  std::span<const Word> words_;
  std::vector<Finding>& findings_;
};

}  // namespace

void FindPersonNames(std::string_view text, std::span<const Word> words, std::vector<Finding>& findings) {
  NameScanner(text, words, findings).Scan();
}

}  // namespace walchen::data
