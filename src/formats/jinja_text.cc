// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_text.h"

#include <algorithm>

namespace walchen::formats::jinja {
namespace {

constexpr auto kMaxBytes = static_cast<size_t>(base::kTemplateMaxOutputBytes);

// The first mark that ends behind `byte`.
std::span<const ByteRange>::iterator FirstMarkBehind(std::span<const ByteRange> marks, size_t byte) {
  return std::ranges::upper_bound(marks, byte, {}, &ByteRange::end);
}

}  // namespace

void TextBuilder::Mark(size_t begin, size_t end) {
  if (!trusted_.empty() && trusted_.back().end == begin) {
    trusted_.back().end = end;
  } else {
    trusted_.push_back({begin, end});
  }
}

void TextBuilder::Append(std::string_view bytes, bool trusted) {
  if (bytes.empty()) return;
  if (overflowed_ || bytes.size() > kMaxBytes - bytes_.size()) {
    overflowed_ = true;
    return;
  }
  const size_t begin = bytes_.size();
  bytes_.append(bytes);
  if (trusted) Mark(begin, bytes_.size());
}

void TextBuilder::Append(MarkedText text, size_t begin, size_t end) {
  const size_t at = bytes_.size();
  Append(text.bytes.substr(begin, end - begin), false);
  if (overflowed_ || begin == end) return;
  for (auto mark = FirstMarkBehind(text.trusted, begin); mark != text.trusted.end() && mark->begin < end; ++mark) {
    Mark(at + std::max(mark->begin, begin) - begin, at + std::min(mark->end, end) - begin);
  }
}

std::vector<ByteRange> SliceMarks(std::span<const ByteRange> marks, size_t begin, size_t end) {
  std::vector<ByteRange> slice;
  if (begin == end) return slice;
  for (auto mark = FirstMarkBehind(marks, begin); mark != marks.end() && mark->begin < end; ++mark) {
    slice.push_back({std::max(mark->begin, begin) - begin, std::min(mark->end, end) - begin});
  }
  return slice;
}

bool IsTrusted(MarkedText text, size_t byte) {
  const auto mark = FirstMarkBehind(text.trusted, byte);
  return mark != text.trusted.end() && mark->begin <= byte;
}

}  // namespace walchen::formats::jinja
