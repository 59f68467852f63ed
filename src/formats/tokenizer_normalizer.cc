// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_normalizer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

// edit(out, code) appends what becomes of each code point.
template <class Edit>
std::string EditEach(std::string_view text, Edit edit) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = FirstCodePoint(text);
    edit(out, c.value);
    text.remove_prefix(c.size);
  }
  return out;
}

template <class Drops>
std::string DropEach(std::string_view text, Drops drops) {
  return EditEach(text, [&](std::string& out, char32_t code) {
    if (!drops(code)) AppendUtf8(out, code);
  });
}

std::string Apply(const ComposeNfc&, std::string text) { return ToNfc(text); }
std::string Apply(const DecomposeNfd&, std::string text) { return ToNfd(text); }
std::string Apply(const LowerCase&, std::string text) { return EditEach(text, AppendLower); }
std::string Apply(const StripAccents&, std::string text) { return DropEach(text, IsStrippedMark); }

std::string Apply(const Prepend& step, std::string text) { return text.empty() ? text : step.prefix + text; }

std::string Apply(const ReplaceText& step, std::string text) {
  if (step.from.empty()) return text;
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(step.from); at != std::string::npos; at = text.find(step.from, done)) {
    out.append(text, done, at - done);
    out += step.to;
    done = at + step.from.size();
  }
  if (done == 0) return text;
  return out.append(text, done);
}

std::string Apply(const CollapseSpaces& step, std::string text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == ' ' ? std::min(text.find_first_not_of(' ', at), text.size()) : at + 1;
    if (end - at >= 2) {
      out += step.to;
    } else {
      out += text[at];
    }
    at = end;
  }
  return out;
}

std::string Apply(const StripSpace& step, std::string text) {
  std::string_view rest = text;
  while (step.left && !rest.empty()) {
    const CodePoint c = FirstCodePoint(rest);
    if (!IsSpace(c.value)) break;
    rest.remove_prefix(c.size);
  }
  while (step.right && !rest.empty()) {
    const size_t size = LastCodePointSize(rest);
    if (!IsSpace(FirstCodePoint(rest.substr(rest.size() - size)).value)) break;
    rest.remove_suffix(size);
  }
  return std::string(rest);
}

std::string Apply(const BertCleanup& step, std::string text) {
  if (step.clean_text) {
    text = EditEach(text, [](std::string& out, char32_t code) {
      if (IsBertControl(code)) return;  // among them some white space: U+000B, U+000C, U+0085
      AppendUtf8(out, IsSpace(code) ? U' ' : code);
    });
  }
  if (step.chinese_chars) {
    text = EditEach(text, [](std::string& out, char32_t code) {
      if (!IsBertChinese(code)) return AppendUtf8(out, code);
      out += ' ';
      AppendUtf8(out, code);
      out += ' ';
    });
  }
  if (step.strip_accents) text = DropEach(ToNfd(text), IsBertMark);
  return step.lowercase ? EditEach(text, AppendLower) : text;
}

// In UTF-8. U+0390 and U+1D160 become three times as long, U+023A half as long again, an ideograph of three bytes gets
// two spaces; a test looks at every code point.
constexpr double kNormalFormGrowth = 3, kLowerGrowth = 1.5, kSpacedIdeographGrowth = 5.0 / 3;

double Replaced(size_t shortest_match, const std::string& to) {
  return std::max(1.0, static_cast<double>(to.size()) / static_cast<double>(shortest_match));
}

double GrowthOf(const ComposeNfc&) { return kNormalFormGrowth; }
double GrowthOf(const DecomposeNfd&) { return kNormalFormGrowth; }
double GrowthOf(const LowerCase&) { return kLowerGrowth; }
double GrowthOf(const StripAccents&) { return 1; }
double GrowthOf(const Prepend& step) { return 1 + static_cast<double>(step.prefix.size()); }  // to a text of one byte
double GrowthOf(const ReplaceText& step) { return step.from.empty() ? 1 : Replaced(step.from.size(), step.to); }
double GrowthOf(const CollapseSpaces& step) { return Replaced(2, step.to); }
double GrowthOf(const StripSpace&) { return 1; }
double GrowthOf(const BertCleanup& step) {
  return (step.chinese_chars ? kSpacedIdeographGrowth : 1) * (step.strip_accents ? kNormalFormGrowth : 1) *
         (step.lowercase ? kLowerGrowth : 1);
}

}  // namespace

double WorstGrowth(const NormalizerStep& step) {
  return std::visit([](const auto& s) { return GrowthOf(s); }, step);
}

std::string Normalize(std::span<const NormalizerStep> steps, std::string text) {
  for (const NormalizerStep& step : steps) {
    text = std::visit([&](const auto& s) { return Apply(s, std::move(text)); }, step);
  }
  return text;
}

}  // namespace walchen::formats
