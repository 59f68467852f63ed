// SPDX-License-Identifier: Apache-2.0
//
// One pass of changes over a text, front to back. As long as nothing was changed, nothing is copied.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "data/place_map.h"

namespace walchen::data {

class Rewriter {
 public:
  // `source` must outlive it.
  explicit Rewriter(std::string_view source) : source_(source) {}

  // [begin, begin + size) becomes `replacement`. `begin` is not before the end of the last change.
  void Replace(size_t begin, size_t size, std::string_view replacement) {
    out_.append(source_, copied_, begin - copied_);
    out_ += replacement;
    copied_ = begin + size;
    changes_.Add(begin, size, replacement.size());
  }

  // Where the source has not been used up: nothing before it may be replaced.
  size_t copied() const { return copied_; }
  bool changed() const { return !changes_.empty(); }

  // Each once, at the end.
  std::string TakeText() {
    out_.append(source_.substr(copied_));
    return std::move(out_);
  }
  ChangeList TakeChanges() { return std::move(changes_); }

 private:
  std::string_view source_;
  std::string out_;
  ChangeList changes_;
  size_t copied_ = 0;
};

}  // namespace walchen::data
