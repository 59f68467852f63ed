// SPDX-License-Identifier: Apache-2.0
//
// The scanners. Each answers for one position: where does the match that begins here end, trying the alternatives of the
// regular expression in their order? Every scanner moves forward only, and the stretch it looks ahead is either part of
// the match or white space that is looked at once more, so a text takes linear time.
#include <algorithm>
#include <array>
#include <iterator>

#include "formats/pretokenizer.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

constexpr size_t kNoMatch = 0;  // a match is never empty, so its end is never 0

struct Letter {
  char32_t code = 0;
  size_t size = 0;  // 0 at the end of the text
  CharClass kind = CharClass::kOther;

  bool Is(CharClass c) const { return size != 0 && kind == c; }
  bool IsLineBreak() const { return size != 0 && (code == '\n' || code == '\r'); }
};

Letter At(std::string_view text, size_t at) {
  if (at >= text.size()) return {};
  const CodePoint c = FirstCodePoint(text.substr(at));
  return {c.value, c.size, ClassOf(c.value)};
}

// The end of the longest run from `at` whose letters all satisfy `holds`.
template <class Holds>
size_t RunEnd(std::string_view text, size_t at, Holds holds) {
  while (true) {
    const Letter letter = At(text, at);
    if (letter.size == 0 || !holds(letter)) return at;
    at += letter.size;
  }
}

template <CharClass... kinds>
bool Any(const Letter& letter) {
  return ((letter.kind == kinds) || ...);
}
constexpr auto kLetters = Any<CharClass::kLetter>;
constexpr auto kNumbers = Any<CharClass::kNumber>;
constexpr auto kLettersAndMarks = Any<CharClass::kLetter, CharClass::kMark>;
constexpr auto kPunctuationAndSymbols = Any<CharClass::kPunctuation, CharClass::kSymbol>;

bool IsSign(const Letter& letter) {
  return !Any<CharClass::kSpace, CharClass::kLetter, CharClass::kNumber>(letter);
}
bool IsLineBreak(const Letter& letter) { return letter.IsLineBreak(); }

// The run, or no match if it is empty.
template <class Holds>
size_t MatchRun(std::string_view text, size_t at, Holds holds) {
  const size_t end = RunEnd(text, at, holds);
  return end == at ? kNoMatch : end;
}

// 's|'t|'re|'ve|'m|'ll|'d behind an apostrophe; ignoring case also accepts the long s, which folds to s.
size_t MatchContraction(std::string_view text, size_t at, bool ignore_case) {
  if (text[at] != '\'') return kNoMatch;
  const std::string_view rest = text.substr(at + 1);
  const auto lower = [&](size_t i) -> char {
    if (i >= rest.size()) return '\0';
    const char c = rest[i];
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  switch (lower(0)) {
    case 's': case 't': case 'm': case 'd': return at + 2;
    case 'r': case 'v': return lower(1) == 'e' ? at + 3 : kNoMatch;
    case 'l': return lower(1) == 'l' ? at + 3 : kNoMatch;
    default: break;
  }
  constexpr std::string_view kLongS = "\u017F";
  return ignore_case && rest.starts_with(kLongS) ? at + 1 + kLongS.size() : kNoMatch;
}

// \s+(?!\S)|\s+ : a run of spaces, without its last one if a word follows and it is not alone.
// With `lines`, \s*[\r\n]+ comes first: up to the last line break of the run.
size_t MatchSpaces(std::string_view text, size_t at, bool lines) {
  size_t end = at, last = at, after_break = kNoMatch;
  for (Letter letter = At(text, at); letter.Is(CharClass::kSpace); letter = At(text, end)) {
    last = end;
    end += letter.size;
    if (letter.IsLineBreak()) after_break = end;
  }
  if (end == at) return kNoMatch;
  if (lines && after_break != kNoMatch) return after_break;
  return end == text.size() || last == at ? end : last;
}

size_t MatchGpt2(std::string_view text, size_t at) {
  if (const size_t end = MatchContraction(text, at, false); end != kNoMatch) return end;
  const size_t word = at + (text[at] == ' ' ? 1 : 0);
  const Letter first = At(text, word);
  if (first.Is(CharClass::kLetter)) return RunEnd(text, word + first.size, kLetters);
  if (first.Is(CharClass::kNumber)) return RunEnd(text, word + first.size, kNumbers);
  if (first.size != 0 && !first.Is(CharClass::kSpace)) return RunEnd(text, word + first.size, IsSign);
  return MatchSpaces(text, at, false);
}

size_t MatchNumbers(std::string_view text, size_t at, int most) {
  size_t end = at;
  for (int i = 0; i < most; ++i) {
    const Letter letter = At(text, end);
    if (!letter.Is(CharClass::kNumber)) break;
    end += letter.size;
  }
  return end == at ? kNoMatch : end;
}

// ` ?[signs]+[\r\n]*`
template <class Holds>
size_t MatchSigns(std::string_view text, size_t at, Holds holds) {
  const size_t end = MatchRun(text, at + (text[at] == ' ' ? 1 : 0), holds);
  return end == kNoMatch ? kNoMatch : RunEnd(text, end, IsLineBreak);
}

template <int kDigits>
size_t MatchLlama3(std::string_view text, size_t at) {
  if (const size_t end = MatchContraction(text, at, true); end != kNoMatch) return end;
  const Letter first = At(text, at);
  if (first.Is(CharClass::kLetter)) return RunEnd(text, at + first.size, kLetters);
  if (first.Is(CharClass::kNumber)) return MatchNumbers(text, at, kDigits);
  if (!first.IsLineBreak()) {
    if (const size_t end = MatchRun(text, at + first.size, kLetters); end != kNoMatch) return end;
  }
  if (const size_t end = MatchSigns(text, at, IsSign); end != kNoMatch) return end;
  return MatchSpaces(text, at, true);
}

bool IsAsciiLetter(const Letter& letter) {
  return (letter.code >= 'A' && letter.code <= 'Z') || (letter.code >= 'a' && letter.code <= 'z');
}

size_t MatchDeepSeek3(std::string_view text, size_t at) {
  const Letter first = At(text, at);
  if (first.code < 0x80 && kPunctuationAndSymbols(first)) {
    if (const size_t end = MatchRun(text, at + 1, IsAsciiLetter); end != kNoMatch) return end;
  }
  if (kLettersAndMarks(first)) return RunEnd(text, at, kLettersAndMarks);
  if (!first.IsLineBreak() && !kPunctuationAndSymbols(first)) {
    if (const size_t end = MatchRun(text, at + first.size, kLettersAndMarks); end != kNoMatch) return end;
  }
  if (const size_t end = MatchSigns(text, at, kPunctuationAndSymbols); end != kNoMatch) return end;
  return MatchSpaces(text, at, true);
}

struct CodeRange {
  char32_t first, last;
};

bool IsIn(std::span<const CodeRange> ranges, char32_t code) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code,
                                      [](char32_t c, const CodeRange& range) { return c < range.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

// The letters that DeepSeek LLM's tokenizer.json lists: cased letters of Unicode 11.
constexpr CodeRange kDeepSeekLetterRanges[] = {
    {0x41, 0x5A},       {0x61, 0x7A},       {0xB5, 0xB5},       {0xC0, 0xD6},       {0xD8, 0xF6},
    {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},     {0x295, 0x2AF},     {0x370, 0x373},
    {0x376, 0x377},     {0x37B, 0x37D},     {0x37F, 0x37F},     {0x386, 0x386},     {0x388, 0x38A},
    {0x38C, 0x38C},     {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},     {0x48A, 0x52F},
    {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},   {0x1C90, 0x1CBA},
    {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},   {0x1D79, 0x1D9A},   {0x1E00, 0x1F15},
    {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},   {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},   {0x1F59, 0x1F59},
    {0x1F5B, 0x1F5B},   {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},   {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},   {0x1FD6, 0x1FDB},
    {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},   {0x2102, 0x2102},   {0x2107, 0x2107},
    {0x210A, 0x2113},   {0x2115, 0x2115},   {0x2119, 0x211D},   {0x2124, 0x2124},   {0x2126, 0x2126},
    {0x2128, 0x2128},   {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},   {0x213C, 0x213F},
    {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2184},   {0x2C00, 0x2C7B},   {0x2C7E, 0x2CE4},
    {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF3},   {0xA640, 0xA66D},   {0xA680, 0xA69B},   {0xA722, 0xA76F},
    {0xA771, 0xA787},   {0xA78B, 0xA78E},   {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},
    {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},   {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB},
    {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2}, {0x118A0, 0x118DF}, {0x1E900, 0x1E943}};
constexpr CodeRange kDeepSeekSignRanges[] = {{0x21, 0x2F},     {0x3A, 0x7E},     {0x2018, 0x201F},
                                             {0x3000, 0x3002}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E}};
constexpr CodeRange kEastAsianRanges[] = {{0x800, 0x9FA5}, {0xAC00, 0xD7FF}};
constexpr CodeRange kChineseJapaneseRanges[] = {{0x3040, 0x30FF}, {0x4E00, 0x9FA5}};

template <const auto& kRanges>
bool InRanges(const Letter& letter) {
  return IsIn(kRanges, letter.code);
}

// `\s?[...]+`. A first letter that is itself in the set and white space (U+3000) may be the \s or part of the run.
template <class Holds>
size_t MatchSpaceRun(std::string_view text, size_t at, Holds holds) {
  const Letter first = At(text, at);
  if (first.Is(CharClass::kSpace)) {
    if (const size_t end = MatchRun(text, at + first.size, holds); end != kNoMatch) return end;
  }
  return MatchRun(text, at, holds);
}

template <class Match>
void Cut(std::string_view piece, size_t base, std::vector<Pieces::Span>& out, Match match) {
  size_t gap = 0;
  for (size_t at = 0; at < piece.size();) {
    const size_t end = match(piece, at);
    if (end == kNoMatch) {
      at += FirstCodePoint(piece.substr(at)).size;
      continue;
    }
    if (gap < at) out.push_back({base + gap, base + at});
    out.push_back({base + at, base + end});
    at = gap = end;
  }
  if (gap < piece.size()) out.push_back({base + gap, base + piece.size()});
}

// \s+$ by itself, because trying it at every space of a long run would take quadratic time.
void CutTrailingSpace(std::string_view piece, size_t base, std::vector<Pieces::Span>& out) {
  size_t begin = piece.size();
  while (begin > 0) {
    const size_t size = LastCodePointSize(piece.substr(0, begin));
    if (!IsSpace(FirstCodePoint(piece.substr(begin - size)).value)) break;
    begin -= size;
  }
  if (begin > 0) out.push_back({base, base + begin});
  if (begin < piece.size()) out.push_back({base + begin, base + piece.size()});
}

struct NamedPattern {
  std::string_view expression;
  Pattern pattern;
};
// Of several spellings the usual one comes first. kDeepSeekLetters is below.
constexpr NamedPattern kNamedPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", Pattern::kGpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", Pattern::kGpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Pattern::kLlama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Pattern::kQwen2},
    {R"(\p{N}{1,3})", Pattern::kNumbersUpTo3},
    {"[\r\n]", Pattern::kLineBreak},
    {R"([\r\n])", Pattern::kLineBreak},
    {"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+", Pattern::kChineseJapanese},
    {"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
     "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
     Pattern::kDeepSeek3},
    {"\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+", Pattern::kDeepSeekSigns},
    {R"(\s+$)", Pattern::kTrailingSpace},
    {"[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", Pattern::kEastAsian},
    {R"(\s?\p{L}+)", Pattern::kSpaceLetters},
    {R"(\s?\p{P}+)", Pattern::kSpacePunctuation},
};

// The expression of kDeepSeekLetters. Made from the ranges, because it holds letters (U+1F7D, U+212A) that editors and
// other tools like to exchange for their normal forms.
std::string DeepSeekLettersExpression() {
  std::string out = "\\s?[";
  for (const CodeRange range : kDeepSeekLetterRanges) {
    AppendUtf8(out, range.first);
    if (range.last > range.first + 1) out += '-';
    if (range.last > range.first) AppendUtf8(out, range.last);
  }
  return out + "]+";
}

}  // namespace

std::optional<Pattern> PatternOf(std::string_view expression) {
  if (expression == DeepSeekLettersExpression()) return Pattern::kDeepSeekLetters;
  for (const NamedPattern& named : kNamedPatterns) {
    if (named.expression == expression) return named.pattern;
  }
  return std::nullopt;
}

std::string ExpressionOf(Pattern pattern) {
  const auto named = std::ranges::find(kNamedPatterns, pattern, &NamedPattern::pattern);
  return named == std::end(kNamedPatterns) ? DeepSeekLettersExpression() : std::string(named->expression);
}

bool CoversEverything(Pattern pattern) {
  return pattern == Pattern::kGpt2 || pattern == Pattern::kLlama3 || pattern == Pattern::kQwen2;
}

void CutByPattern(Pattern pattern, std::string_view piece, size_t base, std::vector<Pieces::Span>& out) {
  const auto cut = [&](auto match) { Cut(piece, base, out, match); };
  const auto cut_runs = [&](auto holds) { cut([=](auto text, size_t at) { return MatchRun(text, at, holds); }); };
  const auto cut_space_runs = [&](auto holds) {
    cut([=](auto text, size_t at) { return MatchSpaceRun(text, at, holds); });
  };
  switch (pattern) {
    case Pattern::kGpt2: return cut(MatchGpt2);
    case Pattern::kLlama3: return cut(MatchLlama3<3>);
    case Pattern::kQwen2: return cut(MatchLlama3<1>);
    case Pattern::kNumbersUpTo3: return cut([](auto text, size_t at) { return MatchNumbers(text, at, 3); });
    case Pattern::kLineBreak:
      return cut([](auto text, size_t at) { return IsLineBreak(At(text, at)) ? at + 1 : kNoMatch; });
    case Pattern::kChineseJapanese: return cut_runs(InRanges<kChineseJapaneseRanges>);
    case Pattern::kDeepSeek3: return cut(MatchDeepSeek3);
    case Pattern::kDeepSeekLetters: return cut_space_runs(InRanges<kDeepSeekLetterRanges>);
    case Pattern::kDeepSeekSigns: return cut_space_runs(InRanges<kDeepSeekSignRanges>);
    case Pattern::kTrailingSpace: return CutTrailingSpace(piece, base, out);
    case Pattern::kEastAsian: return cut_runs(InRanges<kEastAsianRanges>);
    case Pattern::kSpaceLetters: return cut_space_runs(kLetters);
    case Pattern::kSpacePunctuation: return cut_space_runs(Any<CharClass::kPunctuation>);
  }
}

}  // namespace walchen::formats
