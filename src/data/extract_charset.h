// SPDX-License-Identifier: Apache-2.0
//
// Text in any encoding becomes UTF-8. A byte order mark decides, else what the file declares, else UTF-8 where the
// bytes are UTF-8, else what uchardet (Mozilla's detector) finds, else Windows-1252. The conversion is iconv's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

struct DecodedText {
  std::string text;     // UTF-8, without a byte order mark
  std::string charset;  // what it was: "UTF-8"
  // Which bytes of the source became which bytes of the text: one span where the two are equal, else one per 4 KiB.
  std::vector<Span> spans;
  uint64_t replaced = 0;  // bytes that mean nothing in that encoding and became U+FFFD

  // The place of bytes [begin, end) of the text.
  Place PlaceOf(uint64_t begin, uint64_t end) const;
};

// `declared` is an encoding's name, or empty.
// Errors: kCorrupt where more than one byte in a hundred means nothing.
Result<DecodedText> DecodeText(std::string_view bytes, std::string_view declared = {});

// Bytes that are known to be in `charset`; those that mean nothing there become U+FFFD. An unknown one is Windows-1252.
std::string ConvertText(std::string_view bytes, const std::string& charset);

// Whether the beginning of the bytes may be text in some encoding.
bool LooksLikeText(std::string_view bytes);

}  // namespace walchen::data
