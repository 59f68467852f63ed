// SPDX-License-Identifier: Apache-2.0
#include "data/text_repair.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/status.h"
#include "data/divided_words.h"
#include "data/mojibake.h"
#include "data/rewriter.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// Each misreading makes a text longer; three in a row is the most that was seen in the wild.
constexpr int kMojibakeRounds = 3;

uint32_t RepairEncoding(std::string_view bytes, Rewriter& rewriter) {
  uint32_t count = 0;
  size_t at = formats::ValidUtf8Prefix(bytes);
  while (at < bytes.size()) {
    // One byte at a time, also of a longer ill-formed sequence: in Windows-1252 each is a character of its own.
    std::string replacement;
    const char32_t code = FromWindows1252(static_cast<uint8_t>(bytes[at]));
    const bool open = code >= 0x80 && code < 0xA0;
    formats::AppendUtf8(replacement, open ? formats::kReplacementCharacter : code);
    rewriter.Replace(at, 1, replacement);
    ++count;
    ++at;
    at += formats::ValidUtf8Prefix(bytes.substr(at));
  }
  return count;
}

// What a byte asks for: most need no look at the code point that it begins.
enum class Look : uint8_t { kNone, kCharacter, kComposition };

// C2, E2 and EF begin odd spaces, invisible characters and ligatures. U+00C0 to U+02FF and U+0400 to U+04BF (C3 to CB, D0 to
// D2) are composed already; what else there is, marks above all, ToNfc looks at.
constexpr std::array<Look, 256> kLooks = [] {
  std::array<Look, 256> looks{};
  for (int c = 0; c < 0x20; ++c) looks[c] = Look::kCharacter;
  looks['\n'] = looks['\t'] = Look::kNone;
  looks[0x7F] = Look::kCharacter;
  for (int c = 0xCC; c < 0x100; ++c) looks[c] = Look::kComposition;
  looks[0xD0] = looks[0xD1] = looks[0xD2] = Look::kNone;
  for (const int c : {0xC2, 0xE1, 0xE2, 0xE3, 0xEF}) looks[c] = Look::kCharacter;
  return looks;
}();

Look LookAt(std::string_view text, size_t i) { return kLooks[static_cast<uint8_t>(text[i])]; }

bool IsOddSpace(char32_t code) {
  return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

// U+200C and U+200D stay: Persian and emoji need them.
bool IsInvisible(char32_t code) {
  return code == 0xAD || code == 0x180E || code == 0x200B || code == 0x200E || code == 0x200F ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x2064) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB);
}

bool IsLineEnd(char32_t code) {
  return code == '\r' || code == '\v' || code == '\f' || code == 0x85 || code == 0x2028;
}

constexpr std::array<std::string_view, 7> kLigatures = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};

// Bytes of a line end and the spaces behind it, 0 if there is none.
size_t LineEndSize(std::string_view text) {
  size_t size = text.starts_with("\r\n") ? 2 : text.starts_with('\n') || text.starts_with('\r') ? 1 : 0;
  while (size > 0 && size < text.size() && (text[size] == ' ' || text[size] == '\t')) ++size;
  return size;
}

// Replaces the character at `at` if it has to be, and returns the bytes that were looked at.
size_t RepairCharacter(std::string_view text, size_t at, Rewriter& rewriter, uint32_t& count) {
  const formats::CodePoint point = formats::FirstCodePoint(text.substr(at));
  const auto replace = [&](size_t size, std::string_view with) {
    rewriter.Replace(at, size, with);
    ++count;
    return size;
  };
  const char32_t code = point.value;
  if (code == '\r' && text.substr(at).starts_with("\r\n")) return replace(2, "\n");
  if (IsLineEnd(code)) return replace(point.size, "\n");
  if (code == 0x2029) return replace(point.size, "\n\n");
  // A soft hyphen at the end of a line is a division that the typesetter made.
  if (code == 0xAD) return replace(point.size + LineEndSize(text.substr(at + point.size)), "");
  if (code < 0x20 || (code >= 0x7F && code < 0xA0) || IsInvisible(code)) return replace(point.size, "");
  if (IsOddSpace(code)) return replace(point.size, " ");
  if (code >= 0xFB00 && code <= 0xFB06) return replace(point.size, kLigatures[code - 0xFB00]);
  return point.size;
}

uint32_t RepairCharacters(std::string_view valid, Rewriter& rewriter) {
  uint32_t count = 0;
  for (size_t at = 0; at < valid.size();) {
    if (LookAt(valid, at) == Look::kCharacter) {
      at += RepairCharacter(valid, at, rewriter, count);
    } else {
      ++at;
    }
  }
  return count;
}

size_t PreviousStart(std::string_view text, size_t at) {
  return at == 0 ? 0 : at - formats::LastCodePointSize(text.substr(0, at));
}

// Runs of what may have to be composed, each with the code point in front, which a mark would be composed with.
uint32_t Compose(std::string_view valid, Rewriter& rewriter) {
  uint32_t count = 0;
  const auto asks = [&](size_t i) {
    if (static_cast<uint8_t>(valid[i]) < 0xCC || LookAt(valid, i) == Look::kNone) return false;
    return !valid.substr(i).starts_with("\xE2\x80");  // dashes and quotation marks; the spaces there are gone
  };
  for (size_t at = 0; at < valid.size(); ++at) {
    if (!asks(at)) continue;
    const size_t begin = std::max(PreviousStart(valid, at), rewriter.copied());
    size_t end = at;
    while (end < valid.size() && asks(end)) end += formats::FirstCodePoint(valid.substr(end)).size;
    const std::string_view before = valid.substr(begin, end - begin);
    const std::string after = formats::ToNfc(before);
    if (after != before) {
      rewriter.Replace(begin, end - begin, after);
      ++count;
    }
    at = end - 1;
  }
  return count;
}

class LineRepair {
 public:
  LineRepair(std::string_view text, const RepairOptions& options, RepairCounts& counts, Rewriter& rewriter)
      : text_(text), options_(options), counts_(counts), rewriter_(rewriter), divided_(text) {}

  void Repair() {
    size_t line = 0;
    while (line < text_.size()) {
      const size_t newline = std::min(text_.find('\n', line), text_.size());
      line = RepairLine(line, newline);
    }
  }

 private:
  // Returns where the next line begins. `newline` is the text's size for a last line without one.
  size_t RepairLine(size_t line, size_t newline) {
    size_t end = newline;
    while (end > line && (text_[end - 1] == ' ' || text_[end - 1] == '\t')) --end;
    const size_t next = std::min(newline + 1, text_.size());
    if (end == line) {  // blank; at the beginning of a text they are all too many
      ++blank_lines_;
      if (line_seen_ && blank_lines_ <= options_.blank_lines_max && newline < text_.size()) {
        Remove(line, newline);
      } else {
        Remove(line, next);
      }
      return next;
    }
    blank_lines_ = 0;
    line_seen_ = true;
    const Division division = options_.join_divided_words && newline < text_.size()
                                  ? divided_.At(end, next)
                                  : Division{};
    if (division.kind == DivisionKind::kNone) {
      Remove(end, newline);
    } else {
      rewriter_.Replace(division.begin, division.end - division.begin, "");
      ++counts_.divided_words;
    }
    return next;
  }

  void Remove(size_t begin, size_t end) {
    if (begin == end) return;
    rewriter_.Replace(begin, end - begin, "");
    ++counts_.line_spaces;
  }

  std::string_view text_;
  const RepairOptions& options_;
  RepairCounts& counts_;
  Rewriter& rewriter_;
  DividedWords divided_;
  uint32_t blank_lines_ = 0;
  bool line_seen_ = false;
};

// Runs one pass and keeps what it changed.
template <class Pass>
void Run(RepairedText& repaired, Pass pass) {
  Rewriter rewriter(repaired.text);
  pass(repaired.text, rewriter);
  if (!rewriter.changed()) return;
  std::string text = rewriter.TakeText();
  repaired.places.Append(rewriter.TakeChanges());
  repaired.text = std::move(text);
}

}  // namespace

RepairedText RepairText(std::string_view bytes, const RepairOptions& options) {
  CHECK(static_cast<int64_t>(bytes.size()) <= base::kCleanTextMaxBytes, "{} bytes", bytes.size());
  RepairedText repaired;
  repaired.text = bytes;
  RepairCounts& counts = repaired.counts;
  Run(repaired, [&](std::string_view text, Rewriter& rewriter) { counts.invalid_bytes = RepairEncoding(text, rewriter); });
  for (int round = 0; options.mojibake && round < kMojibakeRounds; ++round) {
    const uint32_t before = counts.mojibake;
    Run(repaired, [&](std::string_view text, Rewriter& rewriter) { counts.mojibake += RepairMojibake(text, rewriter); });
    if (counts.mojibake == before) break;
  }
  Run(repaired, [&](std::string_view text, Rewriter& rewriter) { counts.characters = RepairCharacters(text, rewriter); });
  Run(repaired, [&](std::string_view text, Rewriter& rewriter) { counts.compositions = Compose(text, rewriter); });
  Run(repaired, [&](std::string_view text, Rewriter& rewriter) {
    LineRepair(text, options, counts, rewriter).Repair();
  });
  return repaired;
}

}  // namespace walchen::data
