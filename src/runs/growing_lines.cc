// SPDX-License-Identifier: Apache-2.0
#include "runs/growing_lines.h"

#include "base/limits.h"

namespace walchen::runs {

Result<bool> GrowingLines::IsTheSameFile() {
  TRY_ASSIGN(const std::string found, files_.ReadAt(path_, read_bytes_ - last_bytes_.size(), last_bytes_.size()));
  return found == last_bytes_;
}

Result<void> GrowingLines::Read(const Visitor& visitor) {
  behind_ = false;
  const auto info = files_.Stat(path_);
  const bool is_there = info || info.error().code() != ErrorCode::kNotFound;
  if (info && info->size > static_cast<uint64_t>(base::kRunLogMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "{}: expected at most {} bytes, found {}", path_.native(), base::kRunLogMaxBytes,
                info->size);
  }
  bool is_same = is_there;
  if (is_there) {
    TRY_ASSIGN(is_same, IsTheSameFile());
  }
  if (!is_same) {
    read_bytes_ = 0;
    last_bytes_.clear();
    in_long_line_ = false;
    visitor.restart();
  }
  if (!is_there) return {};
  constexpr auto kMost = static_cast<uint64_t>(base::kRunReadMaxBytes);
  TRY_ASSIGN(const std::string text, files_.ReadAt(path_, read_bytes_, kMost));
  behind_ = text.size() == kMost;
  Take(text, visitor);
  return {};
}

void GrowingLines::Take(std::string_view text, const Visitor& visitor) {
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', begin)) {
    visitor.line(in_long_line_ ? std::string_view() : text.substr(begin, end - begin));
    in_long_line_ = false;
    begin = end + 1;
  }
  if (begin == 0 && behind_) {
    in_long_line_ = true;
    begin = text.size();
  }
  if (begin == 0) return;
  read_bytes_ += begin;
  constexpr size_t kEnough = 256;  // to know a place in a log again
  last_bytes_ = std::string(text.substr(begin - std::min(begin, kEnough), std::min(begin, kEnough)));
}

}  // namespace walchen::runs
