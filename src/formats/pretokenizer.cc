// SPDX-License-Identifier: Apache-2.0
#include "formats/pretokenizer.h"

#include <utility>

#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

using Spans = std::vector<Pieces::Span>;

// What becomes of one letter: part of the current piece, a piece of its own, or dropped (which ends the piece too).
enum class Fate { kKeep, kAlone, kDrop };

template <class FateOf>
void CutByLetter(std::string_view piece, size_t base, Spans& out, FateOf fate_of) {
  size_t begin = 0;
  for (size_t at = 0; at < piece.size();) {
    const CodePoint c = FirstCodePoint(piece.substr(at));
    const Fate fate = fate_of(c.value);
    if (fate != Fate::kKeep) {
      if (begin < at) out.push_back({base + begin, base + at});
      if (fate == Fate::kAlone) out.push_back({base + at, base + at + c.size});
      begin = at + c.size;
    }
    at += c.size;
  }
  if (begin < piece.size()) out.push_back({base + begin, base + piece.size()});
}

// Runs of letters of the same kind; kind 0 is dropped.
template <class KindOf>
void CutRuns(std::string_view piece, size_t base, Spans& out, KindOf kind_of) {
  size_t begin = 0;
  int kind = 0;
  for (size_t at = 0; at < piece.size();) {
    const CodePoint c = FirstCodePoint(piece.substr(at));
    const int here = kind_of(c.value);
    if (here != kind) {
      if (kind != 0) out.push_back({base + begin, base + at});
      begin = at;
      kind = here;
    }
    at += c.size;
  }
  if (kind != 0) out.push_back({base + begin, base + piece.size()});
}

void CutIntoWords(CutWords::Kind kind, std::string_view piece, size_t base, Spans& out) {
  switch (kind) {
    case CutWords::kWhitespace:
      return CutByLetter(piece, base, out, [](char32_t c) { return IsSpace(c) ? Fate::kDrop : Fate::kKeep; });
    case CutWords::kWordOrSigns:
      return CutRuns(piece, base, out, [](char32_t c) { return IsSpace(c) ? 0 : IsWord(c) ? 1 : 2; });
    case CutWords::kBert:
      return CutByLetter(piece, base, out, [](char32_t c) {
        return IsSpace(c) ? Fate::kDrop : IsBertPunctuation(c) ? Fate::kAlone : Fate::kKeep;
      });
    case CutWords::kPunctuation:
      return CutByLetter(piece, base, out, [](char32_t c) { return IsBertPunctuation(c) ? Fate::kAlone : Fate::kKeep; });
  }
}

void CutOutDigits(bool individual, std::string_view piece, size_t base, Spans& out) {
  if (individual) {
    return CutByLetter(piece, base, out, [](char32_t c) { return IsNumeric(c) ? Fate::kAlone : Fate::kKeep; });
  }
  CutRuns(piece, base, out, [](char32_t c) { return IsNumeric(c) ? 1 : 2; });
}

// Replaces the spans by what `cut` makes of each.
template <class CutPiece>
void Recut(Pieces& pieces, CutPiece cut) {
  Spans out;
  out.reserve(pieces.spans.size());
  for (size_t i = 0; i < pieces.spans.size(); ++i) cut(pieces[i], pieces.spans[i].begin, out);
  pieces.spans = std::move(out);
}

void Apply(const CutPattern& step, Pieces& pieces, bool) {
  Recut(pieces, [&](auto piece, size_t base, Spans& out) { CutByPattern(step.pattern, piece, base, out); });
}

void Apply(const CutDigits& step, Pieces& pieces, bool) {
  Recut(pieces, [&](auto piece, size_t base, Spans& out) { CutOutDigits(step.individual, piece, base, out); });
}

void Apply(const CutWords& step, Pieces& pieces, bool) {
  Recut(pieces, [&](auto piece, size_t base, Spans& out) { CutIntoWords(step.kind, piece, base, out); });
}

void CutAtText(const CutText& step, std::string_view piece, size_t base, Spans& out) {
  const auto add = [&](size_t begin, size_t end) {
    if (begin < end) out.push_back({base + begin, base + end});
  };
  const size_t size = step.text.size();
  size_t begin = 0;  // of the piece that grows
  for (size_t at = piece.find(step.text); at != std::string_view::npos; at = piece.find(step.text, at + size)) {
    const bool previous = step.behavior == CutText::kMergedWithPrevious;
    add(begin, previous ? at + size : at);
    if (step.behavior == CutText::kIsolated) add(at, at + size);
    begin = step.behavior == CutText::kMergedWithNext ? at : at + size;
  }
  add(begin, piece.size());
}

void Apply(const CutText& step, Pieces& pieces, bool) {
  Recut(pieces, [&](auto piece, size_t base, Spans& out) { CutAtText(step, piece, base, out); });
}

void Apply(const CutSpaceMarks&, Pieces& pieces, bool) {
  constexpr std::string_view kMark = "\u2581";
  Recut(pieces, [&](std::string_view piece, size_t base, Spans& out) {
    size_t begin = 0;
    for (size_t at = piece.find(kMark, 1); at != std::string_view::npos; at = piece.find(kMark, at + kMark.size())) {
      if (piece.substr(0, at).ends_with(kMark)) continue;
      out.push_back({base + begin, base + at});
      begin = at;
    }
    out.push_back({base + begin, base + piece.size()});
  });
}

void Apply(const PrefixSpace&, Pieces& pieces, bool) {
  Pieces out;
  for (size_t i = 0; i < pieces.spans.size(); ++i) {
    const size_t begin = out.text.size();
    if (!pieces[i].starts_with(' ')) out.text += ' ';
    out.text += pieces[i];
    out.spans.push_back({begin, out.text.size()});
  }
  pieces = std::move(out);
}

void AppendReplaced(std::string& out, std::string_view piece, std::string_view replacement) {
  for (const char c : piece) {
    if (c == ' ') {
      out += replacement;
    } else {
      out += c;
    }
  }
}

void Apply(const Metaspace& step, Pieces& pieces, bool at_start) {
  Pieces out;
  out.text.reserve(pieces.text.size() + pieces.text.size() / 4);
  for (size_t i = 0; i < pieces.spans.size(); ++i) {
    const std::string_view piece = pieces[i];
    size_t begin = out.text.size();
    const bool first = at_start && pieces.spans[i].begin == 0;
    const bool wanted = step.prefix == Metaspace::kAlways || (step.prefix == Metaspace::kFirst && first);
    if (wanted && !piece.starts_with(' ') && !piece.starts_with(step.replacement)) out.text += step.replacement;
    AppendReplaced(out.text, piece, step.replacement);
    size_t next = step.split ? out.text.find(step.replacement, begin + 1) : std::string::npos;
    for (; next != std::string::npos; next = out.text.find(step.replacement, begin + 1)) {
      out.spans.push_back({begin, next});
      begin = next;
    }
    out.spans.push_back({begin, out.text.size()});
  }
  pieces = std::move(out);
}

}  // namespace

Pieces Pieces::Whole(std::string text) {
  Pieces pieces{std::move(text), {}};
  if (!pieces.text.empty()) pieces.spans.push_back({0, pieces.text.size()});
  return pieces;
}

Pieces PreTokenize(std::span<const PretokenizerStep> steps, std::string text, bool at_start) {
  Pieces pieces = Pieces::Whole(std::move(text));
  for (const PretokenizerStep& step : steps) {
    std::visit([&](const auto& s) { Apply(s, pieces, at_start); }, step);
  }
  return pieces;
}

double WorstGrowth(const PretokenizerStep& step) {
  if (std::holds_alternative<PrefixSpace>(step)) return 2;  // pieces of one byte
  if (const auto* metaspace = std::get_if<Metaspace>(&step)) {
    const auto size = static_cast<double>(metaspace->replacement.size());
    return metaspace->prefix == Metaspace::kNever ? size : 1 + size;
  }
  return 1;  // the others only cut
}

}  // namespace walchen::formats
