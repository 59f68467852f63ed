// SPDX-License-Identifier: Apache-2.0
//
// A running answer as text: holds back what may still become a stop string or is only half a character.
//
// Bytes become text first (what is no UTF-8 becomes U+FFFD, as the tokenizer reads it), then stop strings are looked for
// in that text: so what is shown never holds one, and how the tokens cut the bytes makes no difference to the text. It
// ends with the first token that completes a stop string; if that completes several, before the one that begins first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace walchen::infer {

// Not thread-safe.
class TextStream {
 public:
  // Stop strings are not empty.
  explicit TextStream(const std::vector<std::string>& stop);

  // Adds a token's bytes and returns what may be shown now: valid UTF-8, possibly empty.
  std::string Add(std::string_view bytes);
  // The rest, when the answer ends by itself; half a character becomes U+FFFD.
  std::string Finish();
  // A stop string was found; everything before it was returned, nothing more will come.
  bool stopped() const { return stopped_; }

 private:
  size_t HeldForStop() const;
  std::string TakeShowable();

  std::vector<std::string> stop_;
  std::string bytes_;  // half a character
  std::string text_;   // what may become a stop string
  bool stopped_ = false;
};

}  // namespace walchen::infer
