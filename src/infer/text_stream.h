// SPDX-License-Identifier: Apache-2.0
//
// A running answer as text: holds back what may still become a stop string or is only half a character.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace walchen::infer {

// Not thread-safe.
class TextStream {
 public:
  explicit TextStream(std::vector<std::string> stop) : stop_(std::move(stop)) {}

  // Adds a token's bytes and returns what may be shown now: valid UTF-8, possibly empty.
  std::string Add(std::string_view bytes);
  // The rest, when the answer ends by itself; half a character becomes U+FFFD.
  std::string Finish();
  // A stop string was found; everything before it was returned, nothing more will come.
  bool stopped() const { return stopped_; }

 private:
  size_t HeldForStop() const;

  std::vector<std::string> stop_;
  std::string pending_;
  bool stopped_ = false;
};

}  // namespace walchen::infer
