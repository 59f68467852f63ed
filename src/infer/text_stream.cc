// SPDX-License-Identifier: Apache-2.0
#include "infer/text_stream.h"

#include <algorithm>
#include <utility>

#include "formats/utf8.h"

namespace walchen::infer {
namespace {

// How many bytes at the end are the beginning of a character whose rest is missing; 0 to 3.
size_t UnfinishedBytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;  // a continuation: look further back
    const size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

TextStream::TextStream(const std::vector<std::string>& stop) {
  for (const std::string& text : stop) stop_.push_back(formats::ReplaceInvalidUtf8(text));
}

// The longest end of the text that a stop string begins with.
size_t TextStream::HeldForStop() const {
  size_t held = 0;
  for (const std::string& stop : stop_) {
    for (size_t length = std::min(stop.size() - 1, text_.size()); length > held; --length) {
      if (text_.compare(text_.size() - length, length, stop, 0, length) == 0) held = length;
    }
  }
  return held;
}

std::string TextStream::TakeShowable() {
  size_t end = std::string::npos;
  for (const std::string& stop : stop_) end = std::min(end, text_.find(stop));
  stopped_ = end != std::string::npos;
  std::string shown = text_.substr(0, stopped_ ? end : text_.size() - HeldForStop());
  text_.erase(0, stopped_ ? std::string::npos : shown.size());
  return shown;
}

std::string TextStream::Add(std::string_view bytes) {
  if (stopped_) return {};
  bytes_ += bytes;
  const size_t whole = bytes_.size() - UnfinishedBytes(bytes_);
  text_ += formats::ReplaceInvalidUtf8(std::string_view(bytes_).substr(0, whole));
  bytes_.erase(0, whole);
  return TakeShowable();
}

std::string TextStream::Finish() {
  if (stopped_) return {};
  text_ += formats::ReplaceInvalidUtf8(std::exchange(bytes_, {}));
  std::string rest = TakeShowable();
  rest += std::exchange(text_, {});
  return rest;
}

}  // namespace walchen::infer
