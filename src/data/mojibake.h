// SPDX-License-Identifier: Apache-2.0
//
// Text whose UTF-8 was read as Windows-1252 or Latin-1: "MÃ¼ller", "â€žZitatâ€œ".
// The table of Windows-1252 is Microsoft's, as the WHATWG Encoding Standard has it; the five bytes that it leaves open stand
// for the control characters of Latin-1 there, and here.
#pragma once

#include <cstdint>
#include <string_view>

#include "data/rewriter.h"

namespace walchen::data {

// The code point of a byte in Windows-1252.
char32_t FromWindows1252(uint8_t byte);

// Reads once again what was read wrongly and returns how many characters came out of that. Sure are sequences that begin with
// Â, Ã, â, ï or ð; those with Ä and Å, which German and Swedish have, count only in a text that has a sure one.
uint32_t RepairMojibake(std::string_view valid, Rewriter& rewriter);

}  // namespace walchen::data
