// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_text_operations.h"

#include <algorithm>

#include "formats/jinja_access.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

// A set of code points to strip; white space without one.
class StripSet {
 public:
  explicit StripSet(std::optional<std::string_view> characters) : white_space_(!characters) {
    const std::string_view given = characters.value_or("");
    for (size_t at = 0; at < given.size();) {
      const CodePoint code_point = DecodeAt(given, at);
      members_.push_back(code_point.value);
      at += code_point.bytes;
    }
    std::ranges::sort(members_);
  }

  bool Has(uint32_t code_point) const {
    return white_space_ ? IsSpace(code_point) : std::ranges::binary_search(members_, code_point);
  }

 private:
  bool white_space_;
  std::vector<uint32_t> members_;
};

// The words between white space, as byte ranges; after `count` cuts the rest is one piece.
std::vector<ByteRange> Words(std::string_view text, int64_t count) {
  std::vector<ByteRange> words;
  for (size_t at = 0; at < text.size();) {
    const CodePoint code_point = DecodeAt(text, at);
    if (IsSpace(code_point.value)) {
      at += code_point.bytes;
      continue;
    }
    const bool rest = count >= 0 && static_cast<int64_t>(words.size()) == count;
    size_t end = rest ? text.size() : at;
    while (end < text.size() && !IsSpace(DecodeAt(text, end).value)) end += DecodeAt(text, end).bytes;
    words.push_back({at, end});
    at = end;
  }
  return words;
}

std::vector<ByteRange> WordsFromRight(std::string_view text, int64_t count) {
  std::vector<ByteRange> words;
  for (size_t at = text.size(); at > 0;) {
    const CodePoint code_point = DecodeBefore(text, at);
    if (IsSpace(code_point.value)) {
      at -= code_point.bytes;
      continue;
    }
    const bool rest = count >= 0 && static_cast<int64_t>(words.size()) == count;
    size_t begin = rest ? 0 : at;
    while (begin > 0 && !IsSpace(DecodeBefore(text, begin).value)) begin -= DecodeBefore(text, begin).bytes;
    words.push_back({begin, at});
    at = begin;
  }
  std::ranges::reverse(words);
  return words;
}

// The pieces between the cuts.
std::vector<ByteRange> Between(const std::vector<ByteRange>& cuts, size_t size) {
  std::vector<ByteRange> pieces;
  size_t begin = 0;
  for (const ByteRange& cut : cuts) {
    pieces.push_back({begin, cut.begin});
    begin = cut.end;
  }
  pieces.push_back({begin, size});
  return pieces;
}

Result<Value> Pieces(Runtime& runtime, const StringObject& text, const std::vector<ByteRange>& ranges) {
  TRY(runtime.Spend(ranges.size()));
  std::vector<Value> items;
  items.reserve(ranges.size());
  for (const ByteRange& range : ranges) items.push_back(runtime.Slice(text, range.begin, range.end));
  return runtime.Sequence(std::move(items));
}

// The small sigma at the end of a word is another letter.
bool IsFinalSigma(std::string_view text, size_t at, CodePoint code_point) {
  constexpr uint32_t kCapitalSigma = 0x3A3;
  if (code_point.value != kCapitalSigma || at == 0) return false;
  const size_t next = at + code_point.bytes;
  return IsAlpha(DecodeBefore(text, at).value) && (next == text.size() || !IsAlpha(DecodeAt(text, next).value));
}

void AppendLowerInContext(std::string_view text, size_t at, CodePoint code_point, std::string& out) {
  if (IsFinalSigma(text, at, code_point)) {
    out.append("\xCF\x82");
  } else {
    AppendLower(code_point.value, out);
  }
}

}  // namespace

Result<Value> Strip(Runtime& runtime, const StringObject& text, std::optional<std::string_view> characters, Side side) {
  const std::string_view bytes = text.bytes();
  TRY(runtime.SpendOnBytes(bytes.size() + characters.value_or("").size()));
  const StripSet set(characters);
  size_t begin = 0;
  size_t end = bytes.size();
  if (side != Side::kRight) {
    while (begin < end && set.Has(DecodeAt(bytes, begin).value)) begin += DecodeAt(bytes, begin).bytes;
  }
  if (side != Side::kLeft) {
    while (begin < end && set.Has(DecodeBefore(bytes, end).value)) end -= DecodeBefore(bytes, end).bytes;
  }
  return runtime.Slice(text, begin, std::max(begin, end));
}

std::vector<ByteRange> FindAll(std::string_view text, std::string_view needle, int64_t count, Side from) {
  std::string backwards;
  std::string needle_backwards;
  if (from == Side::kRight) {
    backwards.assign(text.rbegin(), text.rend());
    needle_backwards.assign(needle.rbegin(), needle.rend());
    text = backwards;
    needle = needle_backwards;
  }
  std::vector<ByteRange> found;
  size_t at = FindBytes(text, needle, 0);
  while (at != std::string_view::npos && (count < 0 || static_cast<int64_t>(found.size()) < count)) {
    found.push_back({at, at + needle.size()});
    at = FindBytes(text, needle, at + needle.size());
  }
  if (from != Side::kRight) return found;
  for (ByteRange& range : found) range = {text.size() - range.end, text.size() - range.begin};
  std::ranges::reverse(found);
  return found;
}

Result<Value> Split(Runtime& runtime, const StringObject& text, std::optional<std::string_view> separator,
                    int64_t count, Side from) {
  const std::string_view bytes = text.bytes();
  TRY(runtime.SpendOnBytes(bytes.size()));
  if (!separator) {
    return Pieces(runtime, text, from == Side::kRight ? WordsFromRight(bytes, count) : Words(bytes, count));
  }
  if (separator->empty()) return Fail(ErrorCode::kCorrupt, "split expects a separator that is not empty");
  return Pieces(runtime, text, Between(FindAll(bytes, *separator, count, from), bytes.size()));
}

Result<std::vector<ByteRange>> Lines(Runtime& runtime, const StringObject& text) {
  const std::string_view bytes = text.bytes();
  TRY(runtime.SpendOnBytes(bytes.size()));
  std::vector<ByteRange> lines;
  size_t begin = 0;
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint code_point = DecodeAt(bytes, at);
    const size_t end = at;
    at += code_point.bytes;
    if (!IsLineBreak(code_point.value)) continue;
    if (code_point.value == '\r' && at < bytes.size() && bytes[at] == '\n') ++at;
    lines.push_back({begin, end});
    begin = at;
  }
  if (begin < bytes.size()) lines.push_back({begin, bytes.size()});
  TRY(runtime.Spend(lines.size()));
  return lines;
}

Result<Value> Replace(Runtime& runtime, const StringObject& text, const StringObject& from, const StringObject& to,
                      int64_t count) {
  const MarkedText marked = text.marked();
  TRY(runtime.SpendOnBytes(marked.bytes.size()));
  std::vector<ByteRange> cuts;
  if (from.size() > 0) {
    cuts = FindAll(marked.bytes, from.bytes(), count, Side::kLeft);
  } else {
    // Python finds the empty text before every code point and at the end.
    for (size_t at = 0; count < 0 || static_cast<int64_t>(cuts.size()) < count;) {
      cuts.push_back({at, at});
      if (at == marked.bytes.size()) break;
      at += DecodeAt(marked.bytes, at).bytes;
    }
  }
  if (cuts.empty()) return runtime.Slice(text, 0, marked.bytes.size());
  TRY(runtime.Spend(cuts.size()));
  TextBuilder builder;
  size_t copied = 0;
  for (const ByteRange& cut : cuts) {
    builder.Append(marked, copied, cut.begin);
    builder.Append(to.marked());
    copied = cut.end;
  }
  builder.Append(marked, copied, marked.bytes.size());
  return runtime.Text(std::move(builder), text.markup);
}

Result<Value> ChangeCase(Runtime& runtime, const StringObject& text, Case change) {
  const MarkedText marked = text.marked();
  TRY(runtime.SpendOnBytes(marked.bytes.size() * 4));
  TextBuilder builder;
  std::string piece;
  bool word_start = true;
  for (size_t at = 0; at < marked.bytes.size();) {
    const CodePoint code_point = DecodeAt(marked.bytes, at);
    piece.clear();
    const uint32_t value = code_point.value;
    const bool to_title = (change == Case::kTitle && word_start) || (change == Case::kCapitalize && at == 0);
    if (value == kInvalidCodePoint) {
      piece.assign(marked.bytes.substr(at, 1));
    } else if (to_title) {
      AppendTitle(value, piece);
    } else if (change == Case::kUpper || (change == Case::kSwap && IsLower(value))) {
      AppendUpper(value, piece);
    } else {
      AppendLowerInContext(marked.bytes, at, code_point, piece);
    }
    builder.Append(piece, IsTrusted(marked, at));
    // str.title starts a word after everything that has no case.
    word_start = !(IsUpper(value) || IsLower(value));
    at += code_point.bytes;
  }
  return runtime.Text(std::move(builder), text.markup);
}

Result<Value> JoinItems(Runtime& runtime, const StringObject& separator, const std::vector<Value>& items) {
  TRY(runtime.Spend(items.size()));
  TextBuilder builder;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) builder.Append(separator.marked());
    TRY(AppendText(runtime, items[i], builder));
    if (builder.overflowed()) break;
  }
  return runtime.Text(std::move(builder));
}

}  // namespace walchen::formats::jinja
