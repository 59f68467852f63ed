// SPDX-License-Identifier: Apache-2.0
//
// What every reader of a binary format has to survive.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace walchen::formats {

// Flips each bit of the first `header_bytes` alone and opens the result, which must either say what is wrong or be read
// to its end by `read_all` without a fault. Returns how many could be read.
template <class Open, class ReadAll>
int SurviveFlippedBits(const std::string& bytes, size_t header_bytes, Open open, ReadAll read_all) {
  int readable = 0;
  for (size_t bit = 0; bit < header_bytes * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto file = open(base::AsBytes(changed));
    if (file) {
      read_all(**file);
      ++readable;
    } else {
      EXPECT_FALSE(file.error().message().empty()) << "bit " << bit;
    }
  }
  return readable;
}

}  // namespace walchen::formats
