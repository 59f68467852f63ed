// SPDX-License-Identifier: Apache-2.0
#include "infer/text_stream.h"

#include <algorithm>

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

// The longest end of the text that a stop string begins with.
size_t TextStream::HeldForStop() const {
  size_t held = 0;
  for (const std::string& stop : stop_) {
    for (size_t length = std::min(stop.size() - 1, pending_.size()); length > held; --length) {
      if (pending_.compare(pending_.size() - length, length, stop, 0, length) == 0) held = length;
    }
  }
  return held;
}

std::string TextStream::Add(std::string_view bytes) {
  if (stopped_) return {};
  pending_ += bytes;
  size_t end = std::string::npos;
  for (const std::string& stop : stop_) end = std::min(end, pending_.find(stop));
  if (end != std::string::npos) {
    stopped_ = true;
    pending_.resize(end);
    return Finish();
  }
  const size_t keep = std::max(HeldForStop(), UnfinishedBytes(pending_));
  const std::string shown = pending_.substr(0, pending_.size() - keep);
  pending_.erase(0, shown.size());
  // A held stop prefix may itself begin inside a character of `shown`: then hold that character too.
  const size_t split = UnfinishedBytes(shown);
  pending_.insert(0, shown, shown.size() - split);
  return formats::ReplaceInvalidUtf8(std::string_view(shown).substr(0, shown.size() - split));
}

std::string TextStream::Finish() {
  const std::string rest = formats::ReplaceInvalidUtf8(pending_);
  pending_.clear();
  return rest;
}

}  // namespace walchen::infer
