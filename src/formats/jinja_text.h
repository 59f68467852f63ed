// SPDX-License-Identifier: Apache-2.0
//
// Text that knows, byte for byte, whether the template wrote it itself ("trusted") or got it from the conversation.
//
// Only trusted bytes may form special tokens, so every operation keeps the marks: pieces keep theirs, what is computed
// (numbers, JSON, escapes) is untrusted. Marks are sorted, disjoint, non-empty and non-adjacent byte ranges.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace walchen::formats::jinja {

struct ByteRange {
  size_t begin = 0;
  size_t end = 0;

  bool operator==(const ByteRange&) const = default;
};

// A view: the bytes and the marks belong to somebody else.
struct MarkedText {
  std::string_view bytes;
  std::span<const ByteRange> trusted;
};

// Grows a text at its end. At kTemplateMaxOutputBytes it stops growing and says so, so that no program can make it
// eat the memory; whoever takes the result must look at overflowed().
class TextBuilder {
 public:
  void Append(std::string_view bytes, bool trusted);
  void Append(MarkedText text) { Append(text, 0, text.bytes.size()); }
  // Bytes [begin, end) of `text` with their marks.
  void Append(MarkedText text, size_t begin, size_t end);

  size_t size() const { return bytes_.size(); }
  bool overflowed() const { return overflowed_; }
  MarkedText view() const { return {bytes_, trusted_}; }

  std::string TakeBytes() { return std::move(bytes_); }
  std::vector<ByteRange> TakeTrusted() { return std::move(trusted_); }

 private:
  void Mark(size_t begin, size_t end);

  std::string bytes_;
  std::vector<ByteRange> trusted_;
  bool overflowed_ = false;
};

// The marks of bytes [begin, end), counted from `begin`.
std::vector<ByteRange> SliceMarks(std::span<const ByteRange> marks, size_t begin, size_t end);
bool IsTrusted(MarkedText text, size_t byte);

}  // namespace walchen::formats::jinja
