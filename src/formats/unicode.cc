// SPDX-License-Identifier: Apache-2.0
#include "formats/unicode.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_map>
#include <vector>

#include "formats/unicode_class_tables.h"
#include "formats/unicode_composition_tables.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

using namespace unicode_tables;

constexpr uint32_t kClassBits = 8;

constexpr std::array<CharClass, internal::kDirectClasses> DirectClasses() {
  std::array<CharClass, internal::kDirectClasses> classes{};
  size_t run = 0;
  for (uint32_t code = 0; code < internal::kDirectClasses; ++code) {
    while (run + 1 < std::size(kClassRuns) && kClassRuns[run + 1] / kClassBits <= code) ++run;
    classes[code] = static_cast<CharClass>(kClassRuns[run] % kClassBits);
  }
  return classes;
}

// The range that holds `code`, or null.
template <class T>
const T* FindRange(std::span<const T> ranges, char32_t code) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), static_cast<uint32_t>(code),
                                      [](uint32_t c, const T& range) { return c < range.first; });
  if (after == ranges.begin()) return nullptr;
  const T& range = *std::prev(after);
  return code <= range.last ? &range : nullptr;
}

bool IsIn(std::span<const Range> ranges, char32_t code) { return FindRange(ranges, code) != nullptr; }

// Hangul syllables: Unicode 16.0 section 3.12.
constexpr char32_t kSyllableBase = 0xAC00, kLeadBase = 0x1100, kVowelBase = 0x1161, kTailBase = 0x11A7;
constexpr char32_t kLeads = 19, kVowels = 21, kTails = 28, kSyllables = kLeads * kVowels * kTails;

struct Mark {
  char32_t code;
  uint32_t combining_class;
};

uint32_t CombiningClass(char32_t code) {
  if (code < 0x300) return 0;  // the first combining mark
  const CombiningRange* range = FindRange(std::span<const CombiningRange>(kCombining), code);
  return range == nullptr ? 0 : range->combining_class;
}

const Decomposition* FindDecomposition(char32_t code) {
  const auto found = std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions), code,
                                      [](const Decomposition& d, char32_t c) { return d.code < c; });
  return found != std::end(kDecompositions) && found->code == code ? &*found : nullptr;
}

// Appends the full decomposition. A first part may decompose again (U+1E14 -> U+0112 U+0300 -> ...), a second never.
void AppendDecomposed(std::vector<Mark>& out, char32_t code) {
  if (code < 0xC0) return out.push_back({code, 0});
  if (code - kSyllableBase < kSyllables) {
    const char32_t index = code - kSyllableBase;
    out.push_back({kLeadBase + index / (kVowels * kTails), 0});
    out.push_back({kVowelBase + index % (kVowels * kTails) / kTails, 0});
    if (index % kTails != 0) out.push_back({kTailBase + index % kTails, 0});
    return;
  }
  std::array<char32_t, 4> seconds{};  // the deepest chain in Unicode has three steps
  size_t count = 0;
  const Decomposition* step = FindDecomposition(code);
  while (step != nullptr && count < seconds.size()) {
    if (step->second != 0) seconds[count++] = step->second;
    code = step->first;
    step = FindDecomposition(code);
  }
  out.push_back({code, CombiningClass(code)});
  while (count > 0) {
    const char32_t second = seconds[--count];
    out.push_back({second, CombiningClass(second)});
  }
}

std::vector<Mark> Decompose(std::string_view valid) {
  std::vector<Mark> out;
  out.reserve(valid.size());
  while (!valid.empty()) {
    const CodePoint c = FirstCodePoint(valid);
    AppendDecomposed(out, c.value);
    valid.remove_prefix(c.size);
  }
  // Canonical order: each run of marks by class, equal classes as they stand.
  for (auto begin = out.begin(); begin != out.end();) {
    if (begin->combining_class == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, out.end(), [](const Mark& m) { return m.combining_class == 0; });
    std::stable_sort(begin, end, [](const Mark& a, const Mark& b) { return a.combining_class < b.combining_class; });
    begin = end;
  }
  return out;
}

// The composite of two code points, or 0.
char32_t Composite(char32_t first, char32_t second) {
  if (first - kLeadBase < kLeads && second - kVowelBase < kVowels) {
    return kSyllableBase + ((first - kLeadBase) * kVowels + (second - kVowelBase)) * kTails;
  }
  if (first - kSyllableBase < kSyllables && (first - kSyllableBase) % kTails == 0 && second > kTailBase &&
      second - kTailBase < kTails) {
    return first + (second - kTailBase);
  }
  static const std::unordered_map<uint64_t, char32_t> pairs = [] {
    std::unordered_map<uint64_t, char32_t> table;
    for (const Decomposition& d : kDecompositions) {
      if (d.composes) table.emplace(uint64_t{d.first} << 32 | d.second, d.code);
    }
    return table;
  }();
  const auto found = pairs.find(uint64_t{first} << 32 | second);
  return found == pairs.end() ? 0 : found->second;
}

// Unicode 16.0 section 3.11, D117: a mark joins the last starter unless one of its own or a higher class stands between.
void Compose(std::vector<Mark>& text) {
  constexpr size_t kNone = SIZE_MAX;
  size_t starter = kNone, out = 0;
  uint32_t last_class = 0;
  for (const Mark mark : text) {
    const bool adjacent = starter != kNone && out == starter + 1;
    if (starter != kNone && (adjacent || last_class < mark.combining_class)) {
      if (const char32_t whole = Composite(text[starter].code, mark.code); whole != 0) {
        text[starter].code = whole;
        continue;
      }
    }
    if (mark.combining_class == 0) starter = out;
    last_class = mark.combining_class;
    text[out++] = mark;
  }
  text.resize(out);
}

std::string ToText(const std::vector<Mark>& marks, size_t size) {
  std::string out;
  out.reserve(size);
  for (const Mark& mark : marks) AppendUtf8(out, mark.code);
  return out;
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

namespace internal {

constexpr std::array<CharClass, kDirectClasses> kClassesOfFirst = DirectClasses();

CharClass SearchClass(char32_t code) {
  const auto after = std::upper_bound(std::begin(kClassRuns), std::end(kClassRuns), code,
                                      [](char32_t c, uint32_t run) { return c < run / kClassBits; });
  return static_cast<CharClass>(*std::prev(after) % kClassBits);
}

}  // namespace internal

bool IsNumeric(char32_t code) { return IsNumber(code) || (code > 0x7FF && IsIn(kNumericBeyond16, code)); }

bool IsWord(char32_t code) {
  const CharClass c = ClassOf(code);
  return c == CharClass::kLetter || c == CharClass::kMark || IsIn(kWordBeyondLetters, code);
}

bool IsBertPunctuation(char32_t code) { return IsIn(kBertPunctuation, code); }
bool IsBertControl(char32_t code) { return code == 0 || IsIn(kBertControl, code); }
bool IsBertMark(char32_t code) { return code >= 0x300 && IsIn(kBertMarks, code); }
bool IsStrippedMark(char32_t code) { return code >= 0x300 && IsIn(kStrippedMarks, code); }

bool IsBertChinese(char32_t code) {
  // The CJK ideograph blocks that BERT's tokenization.py lists (it leaves out those newer than 2018).
  static constexpr Range kBlocks[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
                                      {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return code >= 0x3400 && IsIn(kBlocks, code);
}

void AppendLower(std::string& out, char32_t code) {
  if (code == 0x130) {  // capital I with dot: the only one whose lower case is two code points
    out += "i\u0307";
    return;
  }
  const LowerRun* run = FindRange(std::span<const LowerRun>(kLowerRuns), code);
  if (run != nullptr && (code - run->first) % run->step == 0) {
    code = static_cast<char32_t>(static_cast<int32_t>(code) + run->delta);
  }
  AppendUtf8(out, code);
}

std::string ToNfd(std::string_view valid) {
  return IsAscii(valid) ? std::string(valid) : ToText(Decompose(valid), valid.size());
}

std::string ToNfc(std::string_view valid) {
  if (IsAscii(valid)) return std::string(valid);
  std::vector<Mark> text = Decompose(valid);
  Compose(text);
  return ToText(text, valid.size());
}

}  // namespace walchen::formats
